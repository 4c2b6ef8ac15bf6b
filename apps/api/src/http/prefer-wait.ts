/** Longest a request is held (API.md 1): below what proxies usually allow. */
export const MAX_WAIT_SECONDS = 60;

const WAIT = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[;,]|$)/i;

/** Seconds of `Prefer: wait=N` (RFC 7240), at most our own maximum; a preference we do not understand is ignored. */
export function preferredWaitSeconds(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  const seconds = WAIT.exec(text)?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECONDS);
}
