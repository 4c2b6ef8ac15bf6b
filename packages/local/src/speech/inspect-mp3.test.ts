import { describe, expect, it } from 'vitest';
import { createAudioEncoder } from './encode-audio.ts';
import { inspectMp3 } from './inspect-mp3.ts';

/** Two seconds of a tone at the engine's rate. */
async function encodeTone(sampleRateHz: 8000 | 22_050 | 48_000): Promise<Buffer> {
  const encoder = await createAudioEncoder('mp3', sampleRateHz);
  const tone = Float32Array.from({ length: 32_000 }, (_, index) => Math.sin(index / 6) / 3);
  return Buffer.concat([encoder.encode(tone), encoder.finish()]);
}

describe('inspectMp3', () => {
  it.each([8000, 22_050, 48_000] as const)(
    'measures two seconds at %d Hz, give or take the frames of the encoder delay',
    async (rate) => {
      const inspection = inspectMp3(await encodeTone(rate));
      expect(inspection).toMatchObject({ sampleRateHz: rate, complete: true });
      expect(inspection.durationMs).toBeGreaterThanOrEqual(2000);
      expect(inspection.durationMs).toBeLessThan(2250);
    },
  );

  it('sees a cut at every byte inside the last frame and loses that frame only', async () => {
    const bytes = await encodeTone(22_050);
    const whole = inspectMp3(bytes);
    for (let cut = 1; cut < 100; cut += 1) {
      const inspection = inspectMp3(bytes.subarray(0, bytes.length - cut));
      expect(inspection.complete, `cut ${cut}`).toBe(false);
      expect(inspection.frameCount).toBe(whole.frameCount - 1);
    }
  });

  it('skips an ID3v2 tag before and an ID3v1 tag after the frames', async () => {
    const bytes = await encodeTone(22_050);
    const id3v2 = Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 1, 2]), Buffer.alloc(130)]);
    const id3v1 = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125)]);
    expect(inspectMp3(Buffer.concat([id3v2, bytes, id3v1]))).toEqual(inspectMp3(bytes));
  });

  it('does not count the header frame that other encoders write', async () => {
    const bytes = await encodeTone(22_050);
    const first = Buffer.from(bytes.subarray(0, 156));
    first.write('Info', 13, 'latin1');
    expect(inspectMp3(Buffer.concat([first, bytes]))).toMatchObject({
      frameCount: inspectMp3(bytes).frameCount,
      complete: true,
    });
  });

  it('reports no frame and not complete for nothing and for what is not MP3', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('<html>Rate exceeded</html>'), Buffer.alloc(1000, 0xff)]) {
      expect(inspectMp3(bytes)).toMatchObject({ frameCount: 0, durationMs: 0, complete: false });
    }
  });
});
