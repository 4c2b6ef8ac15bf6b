import { describe, expect, it } from 'vitest';
import { Mp3Error } from './mp3-error.ts';
import { Mp3Frames } from './mp3-frames.ts';

/** MPEG 2 layer III, 22,050 Hz, 48 kbit/s, mono: 156 bytes and 26.12 ms. */
const FRAME_BYTES = 156;
const FRAME_MS = (576 * 1000) / 22_050;

function frame(filler: number, mark = ''): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES, filler);
  bytes.set([0xff, 0xf3, 0x60, 0xc0]);
  bytes.write(mark, 4 + 9, 'latin1');
  return bytes;
}

const id3v2 = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\x01\x05', 'latin1'), Buffer.alloc(133, 0xff)]);
const id3v1 = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125)]);
const audio = Buffer.concat([frame(1), frame(2), frame(3)]);

function readIn(bytes: Buffer, chunkBytes: number): { frames: Mp3Frames; out: Buffer } {
  const frames = new Mp3Frames();
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) out.push(frames.push(bytes.subarray(at, at + chunkBytes)));
  return { frames, out: Buffer.concat(out) };
}

describe('Mp3Frames', () => {
  it.each([1, 7, 155, 156, 157, 10_000])(
    'gives back the audio frames when it comes in chunks of %i bytes',
    (chunkBytes) => {
      const whole = Buffer.concat([id3v2, frame(9, 'Xing'), audio, id3v1]);
      const { frames, out } = readIn(whole, chunkBytes);
      expect(out.equals(audio)).toBe(true);
      expect(frames.durationMs).toBeCloseTo(3 * FRAME_MS);
      frames.end();
    },
  );

  it('knows a cut at every byte but those between frames, and never gives back half a frame', () => {
    for (let cut = 0; cut < audio.length; cut++) {
      const { frames, out } = readIn(audio.subarray(0, cut), 50);
      expect(out.length % FRAME_BYTES).toBe(0);
      if (cut > 0 && cut % FRAME_BYTES === 0) frames.end();
      else expect(() => frames.end(), `cut at ${cut}`).toThrow(Mp3Error);
    }
  });

  it('refuses what is not MP3', () => {
    expect(() => readIn(Buffer.from('{"message":"something else"}'), 100)).toThrow(Mp3Error);
    expect(() => readIn(Buffer.concat([frame(1), Buffer.from('garbage here')]), 1_000)).toThrow('after 1 frames');
  });

  it('is not content with a tag alone', () => {
    expect(() => readIn(id3v2, 20).frames.end()).toThrow(Mp3Error);
  });
});
