import { createHash } from 'node:crypto';
import type { ReceivedFrame } from '../../support/event-stream.ts';

/** Fetches the bytes of an artifact as any client would; undefined when the API has none. */
export type FetchArtifact = (artifactId: string) => Promise<Uint8Array | undefined>;

/** Every artifact that clients were told is complete is there, whole, with the hash they were told (I19). */
export async function checkArtifacts(
  frames: readonly ReceivedFrame[],
  fetchArtifact: FetchArtifact,
): Promise<string[]> {
  const problems: string[] = [];
  for (const frame of frames) {
    if (frame.type !== 'artifact.completed') continue;
    const { artifact_id: id, sha256, bytes } = frame.data.data ?? {};
    const found = await fetchArtifact(String(id));
    if (!found) problems.push(`${id}: complete, and not to be had`);
    else if (found.byteLength !== bytes) problems.push(`${id}: ${found.byteLength} of ${bytes} bytes`);
    else if (createHash('sha256').update(found).digest('hex') !== sha256)
      problems.push(`${id}: other bytes than announced`);
  }
  return problems;
}
