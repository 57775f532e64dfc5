/** Whether this is Node (and not a page, a worker or Deno). */
export function isNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string';
}

/**
 * Imports a package that may be absent. The name is a variable on purpose: a bundler must neither resolve nor bundle it.
 */
export async function importOptional(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}

/** Whether Node would find a package from here; false outside Node. */
export async function isInstalled(name: string): Promise<boolean> {
  if (!isNode()) return false;
  const { createRequire } = (await importOptional('node:module')) as {
    readonly createRequire: (from: string) => { resolve(name: string): string };
  };
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** The exports of a CommonJS or ES module, whichever way the loader presents them. */
export function exportsOf<T extends object>(module: T, member: keyof T): T {
  return member in module ? module : (module as unknown as { readonly default: T }).default;
}
