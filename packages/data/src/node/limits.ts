/** Largest data file that is read into memory as a whole; Node cannot read more in one piece. */
export const maxDataFileBytes = 2 ** 31 - 1;
/** Largest IDX file after decompression: a small .gz that announces (or unpacks to) more is refused. */
export const maxIdxBytes = 2 ** 30;
/** Largest .tar.gz after decompression (CIFAR-10 takes 184 MB): stops a gzip bomb. */
export const maxTarBytes = 2 ** 30;
/** Largest file inside a CIFAR-10 archive (a batch takes 31 MB): a header that announces more is refused. */
export const maxTarEntryBytes = 2 ** 28;
/** Most entries of a zip (ImageNet has 1.3 million): a huge central directory would exhaust memory. */
export const maxZipEntries = 2_000_000;
/** Largest `dataset.json` (ImageNet's takes about 50 MB): stops a zip bomb in the one text entry. */
export const maxManifestBytes = 2 ** 27;
/** Largest encoded image: stops a zip bomb in an image entry. */
export const maxImageFileBytes = 2 ** 26;
/** Most pixels of an encoded image: a few bytes of header may announce terabytes. */
export const maxImagePixels = 2 ** 26;
/** Largest side images are resized to. */
export const maxImageSize = 4096;
/** Largest class number in a `dataset.json`, as each class costs a column of the one-hot labels. */
export const maxClasses = 100_000;
/** Largest header of a file of pairs (its own take under 1 KB): a file that announces more is none. */
export const maxPairsHeaderBytes = 65_536;
