/** Header of a frame of MPEG audio layer III (ISO/IEC 11172-3 and 13818-3). */
export interface Mp3Frame {
  byteCount: number;
  durationMs: number;
  /** Where in the frame an encoder writes "Xing" or "Info" when the frame describes the file and holds no audio. */
  infoOffset: number;
}

export const MP3_HEADER_BYTES = 4;

const KBITS_V1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBITS_V2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const RATES_V1 = [44_100, 48_000, 32_000];
/** By version bits: 2.5, reserved, 2, 1. */
const RATE_DIVISORS = [4, 0, 2, 1];
const MONO = 3;

/** Reads the header at `at`, where at least MP3_HEADER_BYTES are; undefined when it is none. */
export function readMp3Frame(bytes: Uint8Array, at: number): Mp3Frame | undefined {
  const [sync = 0, kind = 0, rates = 0, channels = 0] = bytes.subarray(at, at + MP3_HEADER_BYTES);
  if (sync !== 0xff || (kind & 0xe0) !== 0xe0 || ((kind >> 1) & 3) !== 1) return undefined;
  const divisor = RATE_DIVISORS[(kind >> 3) & 3];
  const baseRate = RATES_V1[(rates >> 2) & 3];
  const isV1 = divisor === 1;
  const kbits = (isV1 ? KBITS_V1 : KBITS_V2)[rates >> 4];
  if (!divisor || !baseRate || !kbits) return undefined;
  const rate = baseRate / divisor;
  const sampleCount = isV1 ? 1152 : 576;
  const byteCount = Math.floor((sampleCount * kbits * 125) / rate) + ((rates >> 1) & 1);
  const crcBytes = (kind & 1) === 0 ? 2 : 0;
  const isMono = channels >> 6 === MONO;
  const sideBytes = isV1 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  return {
    byteCount,
    durationMs: (sampleCount * 1000) / rate,
    infoOffset: MP3_HEADER_BYTES + crcBytes + sideBytes,
  };
}
