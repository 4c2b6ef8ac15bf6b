/** Longer names are cut; file systems take 255 bytes. */
const MAX_NAME_CHARS = 150;

/**
 * A header that makes a browser save the bytes under this name: plain ASCII for old clients, and the whole name as
 * RFC 8187 writes it. Whatever the name holds, the header is one line of ASCII.
 */
export function toContentDisposition(fileName: string): string {
  // Separators and control characters would be a path or a second header somewhere.
  const safe = [...fileName.toWellFormed()]
    .map((char) => (/[\p{Cc}/\\]/u.test(char) ? '_' : char))
    .slice(0, MAX_NAME_CHARS)
    .join('');
  const name = /^\.*$/.test(safe) ? 'download' : safe;
  const ascii = name.replace(/[^\x20-\x7e]|["%;]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
