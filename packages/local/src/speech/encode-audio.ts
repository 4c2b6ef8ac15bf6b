import { createMp3Encoder, createOggEncoder } from 'wasm-media-encoders';
import { ENGINE_SAMPLE_RATE_HZ } from './flite-engine.ts';
import { resamplePcm } from './resample-pcm.ts';

/** The audio formats of Polly that this server can make. */
export type AudioFormat = 'mp3' | 'ogg_vorbis' | 'pcm';

/** Turns engine samples into the bytes of one audio stream. `encode` may return nothing yet; `finish` returns what is left. */
export interface AudioEncoder {
  encode(samples: Float32Array): Buffer;
  finish(): Buffer;
}

/** Bit rate in kbit/s by sample rate: Polly's own 48 around 22 kHz, in proportion elsewhere. */
const MP3_BITRATES = { 8000: 24, 16000: 32, 22050: 48, 24000: 48, 44100: 64, 48000: 64 } as const;

const OGG_QUALITY = 3;

/** Sample rates that an encoder can be asked for, in hertz. */
export type AudioSampleRateHz = keyof typeof MP3_BITRATES;

/** A new encoder for one stream of mono speech. */
export async function createAudioEncoder(format: AudioFormat, sampleRateHz: AudioSampleRateHz): Promise<AudioEncoder> {
  switch (format) {
    case 'pcm':
      return {
        encode: (samples) => encodePcm16(resamplePcm(samples, ENGINE_SAMPLE_RATE_HZ, sampleRateHz)),
        finish: () => Buffer.alloc(0),
      };
    case 'mp3': {
      const encoder = await createMp3Encoder();
      const bitrate = MP3_BITRATES[sampleRateHz];
      encoder.configure({ channels: 1, sampleRate: ENGINE_SAMPLE_RATE_HZ, outputSampleRate: sampleRateHz, bitrate });
      return copyingEncoder(encoder, (samples) => samples);
    }
    case 'ogg_vorbis': {
      const encoder = await createOggEncoder();
      encoder.configure({ channels: 1, sampleRate: sampleRateHz, vbrQuality: OGG_QUALITY });
      return copyingEncoder(encoder, (samples) => resamplePcm(samples, ENGINE_SAMPLE_RATE_HZ, sampleRateHz));
    }
  }
}

/** The bytes that the wasm encoders return are overwritten by the next call: they are copied. */
function copyingEncoder(
  encoder: { encode(samples: readonly Float32Array[]): Uint8Array; finalize(): Uint8Array },
  prepare: (samples: Float32Array) => Float32Array,
): AudioEncoder {
  return {
    encode: (samples) => Buffer.from(encoder.encode([prepare(samples)])),
    finish: () => Buffer.from(encoder.finalize()),
  };
}

/** Signed 16-bit little-endian, as Polly's pcm. */
function encodePcm16(samples: Float32Array): Buffer {
  const bytes = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, index) => {
    bytes.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), 2 * index);
  });
  return bytes;
}
