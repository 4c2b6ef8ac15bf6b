/** Thrown when a file of the data folder does not have the shape this server writes. */
export class StoredJsonError extends Error {
  override readonly name = 'StoredJsonError';
}

/** Reads the fields of a JSON object from disk, failing with a sentence that names the field. */
export class StoredJson {
  readonly #fields: Record<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new StoredJsonError('expected an object');
    }
    this.#fields = { ...value };
  }

  static parse(text: string): StoredJson {
    try {
      return new StoredJson(JSON.parse(text));
    } catch (cause) {
      if (cause instanceof StoredJsonError) throw cause;
      throw new StoredJsonError('not JSON', { cause });
    }
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw new StoredJsonError(`field "${name}" is not a string`);
    return value;
  }

  count(name: string): number {
    const value = this.#fields[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw new StoredJsonError(`field "${name}" is not a count`);
    }
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.text(name);
    const known = allowed.find((item) => item === value);
    if (known === undefined) throw new StoredJsonError(`field "${name}" is not one of ${allowed.join(', ')}`);
    return known;
  }

  texts(name: string): Record<string, string> {
    const entries = Object.entries(new StoredJson(this.#fields[name]).#fields);
    return Object.fromEntries(
      entries.map(([key, value]) => {
        if (typeof value !== 'string') throw new StoredJsonError(`field "${name}" holds something else than strings`);
        return [key, value];
      }),
    );
  }

  list<T>(name: string, read: (item: StoredJson) => T): T[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw new StoredJsonError(`field "${name}" is not a list`);
    return value.map((item: unknown) => read(new StoredJson(item)));
  }

  optional<T>(name: string, read: (item: StoredJson) => T): T | null {
    const value = this.#fields[name];
    return value === null || value === undefined ? null : read(new StoredJson(value));
  }

  has(name: string): boolean {
    return this.#fields[name] !== null && this.#fields[name] !== undefined;
  }
}
