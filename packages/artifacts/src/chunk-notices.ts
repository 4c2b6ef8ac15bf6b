/** A notice for so many new bytes, ... */
const NOTICE_BYTES = 64 * 1024;
/** ... or for the first bytes after so long, so that a slow stream is seen to go on. */
const NOTICE_INTERVAL_MS = 250;
/** Of a large artifact only every 32nd part of what there is: the notices grow with its logarithm. */
const NOTICE_FRACTION = 32;

/** New bytes of a stream that listeners have not been told about. */
export interface ChunkNotice {
  offset: number;
  length: number;
}

/** Decides when to tell listeners how far a stream of bytes has come. */
export class ChunkNotices {
  readonly #now: () => number;
  #toldBytes = 0;
  #toldAtMs: number;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#toldAtMs = now();
  }

  /** The notice that is due now that there are so many bytes; undefined when it can wait. */
  take(totalBytes: number): ChunkNotice | undefined {
    const newBytes = totalBytes - this.#toldBytes;
    const isMuch = newBytes >= Math.max(NOTICE_BYTES, totalBytes / NOTICE_FRACTION);
    return isMuch || this.#now() - this.#toldAtMs >= NOTICE_INTERVAL_MS ? this.takeRest(totalBytes) : undefined;
  }

  /** The notice of all bytes not told about; undefined when there are none. */
  takeRest(totalBytes: number): ChunkNotice | undefined {
    const notice = { offset: this.#toldBytes, length: totalBytes - this.#toldBytes };
    if (notice.length <= 0) return undefined;
    this.#toldBytes = totalBytes;
    this.#toldAtMs = this.#now();
    return notice;
  }
}
