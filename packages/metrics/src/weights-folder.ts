/** Where the package keeps its weights. This file is one folder below the package, as source and when built. */
export const weightsFolder = new URL('../weights/', import.meta.url);
