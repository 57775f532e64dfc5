import { fileURLToPath } from 'node:url';

/**
 * Folder of the programs that do the same work with other software. This file stays at the top of `src/`: from there
 * and from the bundle in `dist/` the way is the same.
 */
export const peerFolder: string = fileURLToPath(new URL('../peers', import.meta.url));
