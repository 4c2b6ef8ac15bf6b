/** Bytes that should be MP3 are not, or end in the middle of a frame: a stream that was cut can end without an error. */
export class Mp3Error extends Error {
  override readonly name = 'Mp3Error';
}
