/** The error names of Polly's API model that this server answers with. Throttling is a 400 with Polly, not a 429. */
export type PollyErrorType =
  | 'ValidationException'
  | 'InvalidSampleRateException'
  | 'InvalidSsmlException'
  | 'TextLengthExceededException'
  | 'LanguageNotSupportedException'
  | 'MarksNotSupportedForFormatException'
  | 'SsmlMarksNotSupportedForTextTypeException'
  | 'ThrottlingException'
  | 'ServiceFailureException'
  | 'UnknownOperationException';

/** A request that Polly refuses: `x-amzn-errortype` is its `type`, the body is `{message}`. */
export class PollyError extends Error {
  override readonly name = 'PollyError';
  readonly type: PollyErrorType;
  readonly status: number;

  constructor(type: PollyErrorType, message: string) {
    super(message);
    this.type = type;
    this.status = type === 'ServiceFailureException' ? 500 : type === 'UnknownOperationException' ? 404 : 400;
  }
}
