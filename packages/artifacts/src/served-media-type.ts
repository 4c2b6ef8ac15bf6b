/** Types that a browser shows without running anything in them. */
const INERT =
  /^(audio\/[\w.+-]+|video\/[\w.+-]+|image\/(png|jpeg|gif|webp|avif)|application\/(pdf|json|zip|x-ndjson)|application\/vnd\.openxmlformats-[\w.+-]+|text\/(plain|csv|markdown)|message\/rfc822)$/;

/**
 * The content type to serve stored bytes with: what can carry script (HTML, SVG, XML) and what is unknown becomes
 * `application/octet-stream` (SECURITY.md S61).
 */
export function toServedMediaType(mediaType: string): string {
  const bare = mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!INERT.test(bare)) return 'application/octet-stream';
  return bare.startsWith('text/') ? `${bare}; charset=utf-8` : bare;
}
