/** A whole number within [min, max]; otherwise a RangeError that names the field and the value received. */
export function assertCount(field: string, value: number, range: { min: number; max?: number }): void {
  const max = range.max ?? Number.MAX_SAFE_INTEGER;
  if (Number.isSafeInteger(value) && value >= range.min && value <= max) return;
  throw new RangeError(`${field} must be a whole number ${toRangeText(range.min, max)}, got ${String(value)}`);
}

/** A finite number of milliseconds within [min, max]; otherwise a RangeError that names the field and the value. */
export function assertDurationMs(field: string, value: number, range: { min: number; max?: number }): void {
  const max = range.max ?? Number.MAX_SAFE_INTEGER;
  if (Number.isFinite(value) && value >= range.min && value <= max) return;
  throw new RangeError(`${field} must be milliseconds ${toRangeText(range.min, max)}, got ${String(value)}`);
}

function toRangeText(min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
}
