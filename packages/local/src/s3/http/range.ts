import type { ByteRange } from '../storage/read-segments.ts';

export type RangeDecision = { kind: 'whole' } | { kind: 'part'; range: ByteRange } | { kind: 'unsatisfiable' };

/**
 * Decides what a `Range` header asks of an object of `sizeBytes`: `bytes=a-b`, `bytes=a-` or `bytes=-n`. Like S3, one
 * range only; what is not understood is ignored, as RFC 9110 section 14.2 allows.
 */
export function decideRange(header: string | undefined, sizeBytes: number): RangeDecision {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return { kind: 'whole' };
  if (first === '') {
    const count = Math.min(Number(last), sizeBytes);
    return count === 0 ? { kind: 'unsatisfiable' } : part(sizeBytes - count, sizeBytes - 1);
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  if (start >= sizeBytes) return { kind: 'unsatisfiable' };
  return part(start, last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1));
}

function part(start: number, end: number): RangeDecision {
  return { kind: 'part', range: { start, end } };
}
