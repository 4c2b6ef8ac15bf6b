/** `0:07`, `12:30`, `1:02:03`; never negative. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  if (hours === 0) return `${minutes}:${twoDigits(seconds % 60)}`;
  return `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`;
}
