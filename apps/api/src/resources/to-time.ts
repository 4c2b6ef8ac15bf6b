/** RFC 3339 in UTC, null for what has not happened. */
export function toTime(at: Date | undefined): string | null {
  return at === undefined ? null : at.toISOString();
}
