/** Keys in the order S3 lists them: by their UTF-8 bytes, which is not the order of JavaScript's `<`. */
export class SortedKeys {
  readonly #keys: string[] = [];

  /** Where the first key at or after `key` is. */
  positionOf(key: string): number {
    const bytes = Buffer.from(key);
    return this.#search((candidate) => Buffer.compare(Buffer.from(candidate), bytes) < 0);
  }

  /** Where the first key behind all those that start with `prefix` is. */
  positionAfterPrefix(prefix: string): number {
    const bytes = Buffer.from(prefix);
    return this.#search(
      (candidate) => candidate.startsWith(prefix) || Buffer.compare(Buffer.from(candidate), bytes) < 0,
    );
  }

  at(position: number): string | undefined {
    return this.#keys[position];
  }

  add(key: string): void {
    const position = this.positionOf(key);
    if (this.#keys[position] !== key) this.#keys.splice(position, 0, key);
  }

  remove(key: string): void {
    const position = this.positionOf(key);
    if (this.#keys[position] === key) this.#keys.splice(position, 1);
  }

  get count(): number {
    return this.#keys.length;
  }

  #search(isBefore: (candidate: string) => boolean): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#keys[middle] ?? '')) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
