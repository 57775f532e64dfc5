import type { GaussianMoments } from '../frechet/gaussian-moments';
import { MomentStatistics } from '../statistics/moment-statistics';

/** Hex SHA-256 of the mean and covariance as little-endian doubles, whatever file they came from. */
export async function hashMoments(statistics: MomentStatistics | GaussianMoments): Promise<string> {
  const { mean, covariance } = statistics instanceof MomentStatistics ? statistics.moments() : statistics;
  return hashNumbers([Float64Array.from(mean), Float64Array.from(covariance)]);
}

/** Hex SHA-256 of feature rows. */
export function hashRows(data: ArrayLike<number>): Promise<string> {
  return hashNumbers([Float32Array.from(data)]);
}

async function hashNumbers(parts: readonly (Float32Array | Float64Array)[]): Promise<string> {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, 0, byteLength), at);
    at += byteLength;
  }
  return sha256(bytes);
}

/** Hex SHA-256, in browsers too. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
