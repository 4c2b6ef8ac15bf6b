const MAX_POINTER_LENGTH = 300;

/** A JSON pointer (RFC 6901); what a client wrote into a key is cut, never echoed at length. */
export function toPointer(path: readonly PropertyKey[]): string {
  const pointer = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return pointer.toWellFormed().slice(0, MAX_POINTER_LENGTH);
}
