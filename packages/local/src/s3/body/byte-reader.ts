import { S3Error } from '../s3-error.ts';

/** Reads lines and counted bytes from a stream of buffers, holding no more than one buffer and one unfinished line. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterator<Buffer>) {
    this.#source = source;
  }

  /** One line without its CRLF. @throws S3Error `IncompleteBody` when the stream ends or the line is longer than `maxBytes` */
  async readLine(maxBytes: number): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end !== -1 && end <= maxBytes) return this.#take(end + 2).toString('latin1', 0, end);
      if (this.#buffer.length > maxBytes)
        throw new S3Error('IncompleteBody', { message: 'A line of the body is too long.' });
      if (!(await this.#fill())) throw new S3Error('IncompleteBody');
    }
  }

  /** At least one byte and at most `maxBytes`. @throws S3Error `IncompleteBody` when the stream ends */
  async readSome(maxBytes: number): Promise<Buffer> {
    while (this.#buffer.length === 0) {
      if (!(await this.#fill())) throw new S3Error('IncompleteBody');
    }
    return this.#take(Math.min(maxBytes, this.#buffer.length));
  }

  /** @throws S3Error `IncompleteBody` unless exactly these bytes come next */
  async expect(text: string): Promise<void> {
    for (let seen = ''; seen.length < text.length; ) {
      seen += (await this.readSome(text.length - seen.length)).toString('latin1');
      if (!text.startsWith(seen)) throw new S3Error('IncompleteBody', { message: 'A chunk is longer than it says.' });
    }
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#buffer.length === 0) {
      if (!(await this.#fill())) return true;
    }
    return false;
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#buffer = this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    return true;
  }

  #take(count: number): Buffer {
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }
}
