/**
 * The parser's process could not be started or used, through no fault of the document (not built, no memory or no
 * process slot left on the machine): worth another try elsewhere, unlike a DocumentError.
 */
export class DocumentParserError extends Error {
  override readonly name = 'DocumentParserError';
}
