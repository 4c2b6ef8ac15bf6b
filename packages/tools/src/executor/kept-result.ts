import type { Json } from '@nightshift/domain';

/** What a tool has given so far, for the case that it does not finish. */
export interface KeptResult {
  setPartial(value: Json): void;
  addChunk(value: Json, bytes: number): void;
  /** The last `partial()`, else the chunks so far, else undefined. */
  current(): Json | undefined;
}

/** Chunks beyond this went to the client and are not kept: what is kept must fit into a step. */
export const MAX_KEPT_CHUNK_BYTES = 900_000;

/** `onKept` is called whenever there is something to keep. */
export function createKeptResult(onKept: () => void): KeptResult {
  let partial: Json | undefined;
  const chunks: Json[] = [];
  let chunkBytes = 0;
  return {
    setPartial(value) {
      partial = value;
      onKept();
    },
    addChunk(value, bytes) {
      if (chunkBytes + bytes > MAX_KEPT_CHUNK_BYTES) return;
      chunkBytes += bytes;
      chunks.push(value);
      onKept();
    },
    current: () => partial ?? (chunks.length > 0 ? [...chunks] : undefined),
  };
}
