import { Mp3Error } from './mp3-error.ts';
import { MP3_HEADER_BYTES, readMp3Frame } from './mp3-frame.ts';

const ID3V2_HEADER_BYTES = 10;
const ID3V1_BYTES = 128;
const NOTHING = new Uint8Array(0);

/**
 * Takes one MP3 apart as it streams in and gives back its audio frames, whole ones only, without tags and without the
 * frame in which an encoder describes the file: what comes out of several MP3s one after the other is one MP3, and it
 * never ends inside of a frame.
 */
export class Mp3Frames {
  #pending: Uint8Array = NOTHING;
  #frameCount = 0;
  #durationMs = 0;
  #skipBytes = 0;
  #isStart = true;

  /** Of the frames given back so far. */
  get durationMs(): number {
    return this.#durationMs;
  }

  /** The frames that are whole now. Throws an Mp3Error when the bytes are not MP3. */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: Uint8Array[] = [];
    let at = this.#skipTag(bytes);
    while (!this.#isStart && this.#skipBytes === 0 && bytes.length - at >= MP3_HEADER_BYTES) {
      const frame = readMp3Frame(bytes, at);
      if (!frame && hasText(bytes, at, 'TAG')) break;
      if (!frame) throw new Mp3Error(`the audio is not MP3 after ${this.#frameCount} frames`);
      if (bytes.length - at < frame.byteCount) break;
      const end = at + frame.byteCount;
      if (this.#frameCount > 0 || !describesFile(bytes, at + frame.infoOffset)) {
        frames.push(bytes.subarray(at, end));
        this.#frameCount += 1;
        this.#durationMs += frame.durationMs;
      }
      at = end;
    }
    // A copy: the chunk belongs to whoever gave it.
    this.#pending = Uint8Array.from(bytes.subarray(at));
    return frames.length === 0 ? NOTHING : Buffer.concat(frames);
  }

  /** Throws an Mp3Error unless there was audio and it ended with its last frame. */
  end(): void {
    const isTag = this.#pending.length === ID3V1_BYTES && hasText(this.#pending, 0, 'TAG');
    if (this.#frameCount > 0 && this.#skipBytes === 0 && (this.#pending.length === 0 || isTag)) return;
    throw new Mp3Error(`the audio was cut after ${this.#frameCount} frames`);
  }

  /** Where the frames begin in `bytes`: after an ID3v2 tag, which may be longer than what has come. */
  #skipTag(bytes: Uint8Array): number {
    if (this.#isStart && bytes.length >= ID3V2_HEADER_BYTES) {
      this.#isStart = false;
      this.#skipBytes = hasText(bytes, 0, 'ID3') ? ID3V2_HEADER_BYTES + readSynchsafe(bytes.subarray(6, 10)) : 0;
    }
    const skipped = Math.min(this.#skipBytes, bytes.length);
    this.#skipBytes -= skipped;
    return skipped;
  }
}

/** Four times seven bits (ID3v2). */
function readSynchsafe(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => (value << 7) | (byte & 0x7f), 0);
}

function describesFile(bytes: Uint8Array, at: number): boolean {
  return hasText(bytes, at, 'Xing') || hasText(bytes, at, 'Info');
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  return [...text].every((char, index) => bytes[at + index] === char.charCodeAt(0));
}
