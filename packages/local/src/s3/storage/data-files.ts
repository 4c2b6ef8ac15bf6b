import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Segment } from './object-record.ts';

/**
 * The files of bytes of one bucket. A file that is being read stays until its last reader is done, so that an object
 * replaced or deleted in the middle of a download is still delivered whole.
 */
export class DataFiles {
  readonly folder: string;
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();

  constructor(folder: string) {
    this.folder = folder;
  }

  pathOf(segment: Segment): string {
    return join(this.folder, segment.file);
  }

  /** Keeps the files until the returned function is called, once. */
  pin(segments: readonly Segment[]): () => Promise<void> {
    for (const { file } of segments) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1);
    let isReleased = false;
    return async () => {
      if (isReleased) return;
      isReleased = true;
      for (const segment of segments) await this.#unpin(segment);
    };
  }

  /** Deletes the files, now or when their last reader is done. */
  async discard(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      if (this.#readers.has(segment.file)) this.#doomed.add(segment.file);
      else await rm(this.pathOf(segment), { force: true });
    }
  }

  async #unpin(segment: Segment): Promise<void> {
    const left = (this.#readers.get(segment.file) ?? 1) - 1;
    if (left > 0) {
      this.#readers.set(segment.file, left);
      return;
    }
    this.#readers.delete(segment.file);
    if (this.#doomed.delete(segment.file)) await rm(this.pathOf(segment), { force: true });
  }
}
