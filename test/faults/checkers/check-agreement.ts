import { createHash } from 'node:crypto';
import type { ReceivedFrame } from '../../support/event-stream.ts';

/** Stands for everything in a transcript; the same for the same events. */
export function digestFrames(frames: readonly ReceivedFrame[]): string {
  const hash = createHash('sha256');
  for (const frame of frames) hash.update(`${frame.id}\n${frame.type}\n${JSON.stringify(frame.data)}\n`);
  return hash.digest('hex');
}

/**
 * All clients of a task were given the same, and a reader who asks afterwards gets the same again: what was seen never
 * un-happens (I13).
 */
export function checkAgreement(taskId: string, digests: readonly string[]): string[] {
  return new Set(digests).size > 1
    ? [`${taskId}: its readers were given different logs (${digests.length} readers)`]
    : [];
}
