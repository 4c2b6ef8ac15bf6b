/** What walking the frames of an MP3 file shows. */
export interface Mp3Inspection {
  /** Audio frames whose every byte is there (a Xing/Info header frame is not one). */
  readonly frameCount: number;
  readonly durationMs: number;
  /** Of the first frame; 0 when there is none. */
  readonly sampleRateHz: number;
  /**
   * True when there is at least one frame and the bytes end where the last frame ends. False for a cut last frame or anything that is not MP3.
   * A cut that falls exactly between two frames cannot be seen in the bytes: compare the size or rely on the transfer's own error too.
   */
  readonly complete: boolean;
}

const BITRATES_V1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_V2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const SAMPLE_RATES_V1 = [44_100, 48_000, 32_000];
const ID3V1_BYTES = 128;

/** Walks the frames of MPEG audio layer III (versions 1, 2 and 2.5); an ID3v2 tag before and an ID3v1 tag after them are skipped. */
export function inspectMp3(bytes: Uint8Array): Mp3Inspection {
  let at = id3v2Bytes(bytes);
  let frameCount = 0;
  let durationMs = 0;
  let sampleRateHz = 0;
  while (at < bytes.length) {
    const frame = readFrameHeader(bytes, at);
    if (frame === null || at + frame.byteCount > bytes.length) break;
    if (sampleRateHz === 0) sampleRateHz = frame.sampleRateHz;
    if (frameCount > 0 || !isInfoFrame(bytes, at, frame)) {
      frameCount += 1;
      durationMs += (frame.sampleCount * 1000) / frame.sampleRateHz;
    }
    at += frame.byteCount;
  }
  const trailer = bytes.length - at;
  const complete = frameCount > 0 && (trailer === 0 || (trailer === ID3V1_BYTES && hasText(bytes, at, 'TAG')));
  return { frameCount, durationMs, sampleRateHz, complete };
}

interface FrameHeader {
  readonly byteCount: number;
  readonly sampleCount: number;
  readonly sampleRateHz: number;
  /** Bytes between the frame's start and where an encoder writes "Xing" or "Info". */
  readonly infoOffset: number;
}

function readFrameHeader(bytes: Uint8Array, at: number): FrameHeader | null {
  const [sync = 0, versionByte = 0, rateByte = 0, channelByte = 0] = bytes.subarray(at, at + 4);
  if (sync !== 0xff || (versionByte & 0xe0) !== 0xe0 || at + 4 > bytes.length) return null;
  const version = (versionByte >> 3) & 3;
  const isLayer3 = ((versionByte >> 1) & 3) === 1;
  const isV1 = version === 3;
  const kbitPerSecond = (isV1 ? BITRATES_V1 : BITRATES_V2)[rateByte >> 4];
  const baseRate = SAMPLE_RATES_V1[(rateByte >> 2) & 3];
  if (version === 1 || !isLayer3 || !kbitPerSecond || baseRate === undefined) return null;
  const sampleRateHz = baseRate / (isV1 ? 1 : version === 2 ? 2 : 4);
  const sampleCount = isV1 ? 1152 : 576;
  const padding = (rateByte >> 1) & 1;
  const byteCount = Math.floor((sampleCount * 125 * kbitPerSecond) / sampleRateHz) + padding;
  const isMono = channelByte >> 6 === 3;
  const sideInfoBytes = isV1 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  const checksumBytes = (versionByte & 1) === 0 ? 2 : 0;
  return { byteCount, sampleCount, sampleRateHz, infoOffset: 4 + checksumBytes + sideInfoBytes };
}

function isInfoFrame(bytes: Uint8Array, at: number, frame: FrameHeader): boolean {
  return hasText(bytes, at + frame.infoOffset, 'Xing') || hasText(bytes, at + frame.infoOffset, 'Info');
}

/** Length of an ID3v2 tag at the start: ten bytes of header and a size of four times seven bits. */
function id3v2Bytes(bytes: Uint8Array): number {
  if (!hasText(bytes, 0, 'ID3')) return 0;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10);
  return 10 + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127);
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  return [...text].every((char, index) => bytes[at + index] === char.charCodeAt(0));
}
