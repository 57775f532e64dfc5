/** What a caller can act on; `code` is stable, the message is for people. */
export type OnestepErrorCode =
  | 'missing-backend'
  | 'two-engines'
  | 'bad-weight-file'
  | 'bad-data-file'
  | 'damaged-checkpoint'
  | 'invalid-recipe'
  | 'invalid-model'
  | 'run-exists'
  | 'missing-run'
  | 'non-finite'
  | 'unstable'
  | 'unsupported';

/** Root of the errors that Onestep raises on purpose. Arguments out of range are plain `RangeError`/`TypeError`. */
export class OnestepError extends Error {
  readonly code: OnestepErrorCode;
  /** Structured facts for programs: paths, shapes, names. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: OnestepErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OnestepError';
    this.code = code;
    this.details = options.details ?? {};
  }
}
