import { MPEGDecoder } from 'mpg123-decoder';

/** What a real decoder makes of an MP3: an independent judge of audio. `rms` is 0 for silence. */
export async function decodeMp3(mp3: Uint8Array) {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  const { channelData, samplesDecoded, sampleRate, errors } = decoder.decode(new Uint8Array(mp3));
  decoder.free();
  const samples = channelData[0] ?? new Float32Array();
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return { seconds: samplesDecoded / sampleRate, sampleRate, errorCount: errors.length, rms: Math.sqrt(power) };
}
