const ticks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/**
 * Draws values as one line of bars, newest at the right. Longer series are averaged into `width` cells;
 * the scale is logarithmic when all values are positive, since losses fall by orders of magnitude.
 */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const cells = bucketMeans(finite, width);
  const scaled = cells.every((value) => value > 0) ? cells.map(Math.log) : cells;
  const low = Math.min(...scaled);
  const range = Math.max(...scaled) - low;
  return scaled
    .map((value) => ticks[range === 0 ? 0 : Math.round(((value - low) / range) * (ticks.length - 1))])
    .join('');
}

/** Means of consecutive, equally long runs of `values`; at most `count` of them. */
export function bucketMeans(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => {
    const run = values.slice(Math.floor((i * values.length) / count), Math.floor(((i + 1) * values.length) / count));
    return run.reduce((sum, value) => sum + value, 0) / run.length;
  });
}

/** A bar of `width` cells, `fraction` in [0, 1]. */
export function progressBar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `${'━'.repeat(filled)}${'─'.repeat(width - filled)}`;
}

/** Seconds as `45s`, `3m 20s` or `2h 05m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

/** Bytes in decimal units, for example `17.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Left-aligned columns with two spaces between; the first row is the header. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((w, row) => row.map((cell, i) => Math.max(cell.length, w[i] ?? 0)), []);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}

/** Breaks a text between words into lines of at most `width` characters; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}
