/** Most artifacts are small: a buffer starts with this and doubles. */
const INITIAL_BYTES = 64 * 1024;

/** Collects the bytes of one part, up to its size, in one piece of memory that grows as needed. */
export class PartBuffer {
  readonly #maxBytes: number;
  #memory: Buffer;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#memory = Buffer.allocUnsafe(Math.min(INITIAL_BYTES, maxBytes));
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#maxBytes;
  }

  /** Copies as much of the chunk as fits and says how much that was. */
  append(chunk: Uint8Array): number {
    const taken = Math.min(chunk.length, this.#maxBytes - this.#length);
    this.#reserve(this.#length + taken);
    this.#memory.set(chunk.subarray(0, taken), this.#length);
    this.#length += taken;
    return taken;
  }

  /** The bytes collected, not a copy. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  #reserve(neededBytes: number): void {
    if (neededBytes <= this.#memory.length) return;
    const doubled = Math.max(neededBytes, this.#memory.length * 2);
    const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, doubled));
    larger.set(this.bytes);
    this.#memory = larger;
  }
}
