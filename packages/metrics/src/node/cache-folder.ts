import { homedir } from 'node:os';
import { join } from 'node:path';

/** What decides where the cache is. */
export interface CacheSetting {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly home: string;
}

/**
 * Folder of fetched weights: `ONESTEP_CACHE`, or `onestep` in the operating system's folder for caches.
 *
 * @param setting - default: of this process
 */
export function cacheFolder(
  setting: CacheSetting = { env: process.env, platform: process.platform, home: homedir() },
): string {
  const { env, platform, home } = setting;
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const own = given('ONESTEP_CACHE');
  if (own !== undefined) return own;
  if (platform === 'win32') return join(given('LOCALAPPDATA') ?? join(home, 'AppData', 'Local'), 'onestep', 'Cache');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'onestep');
  return join(given('XDG_CACHE_HOME') ?? join(home, '.cache'), 'onestep');
}
