/** Percent-encodes as SigV4 demands: everything but `A-Z a-z 0-9 - _ . ~`, in upper-case hex. */
export function encodeAwsUri(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
