import { InvalidArgumentError } from 'commander';

/** Parses an option as an integer in [low, high]; the message names the range. */
export function integerIn(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || value < low || value > high) {
      const range = high === Number.MAX_SAFE_INTEGER ? `an integer >= ${low}` : `an integer in [${low}, ${high}]`;
      throw new InvalidArgumentError(`Expected ${range}.`);
    }
    return value;
  };
}

/** Parses an option as a number in [low, high]; the message names the range. */
export function numberIn(low: number, high = Number.POSITIVE_INFINITY): (text: string) => number {
  const range = `a number ${high === Number.POSITIVE_INFINITY ? `>= ${low}` : `in [${low}, ${high}]`}`;
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < low || value > high) {
      throw new InvalidArgumentError(`Expected ${range}.`);
    }
    return value;
  };
}

/** Parses an option as a number in (0, high]. */
export function positiveNumber(high = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isFinite(value) || value <= 0 || value > high) {
      throw new InvalidArgumentError(
        `Expected a number ${high === Number.POSITIVE_INFINITY ? '> 0' : `in (0, ${high}]`}.`,
      );
    }
    return value;
  };
}

/** Parses an option as comma-separated numbers. */
export function numberList(text: string): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError('Expected numbers separated by commas.');
  return values;
}

/** Parses an option as a length of time: `90s`, `10m`, `2h`; returns seconds. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError('Expected a duration such as 90s, 10m or 2h.');
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[match[2] as 's' | 'm' | 'h'];
}
