import { Readable } from 'node:stream';
import { type PollyClient, SynthesizeSpeechCommand } from '@aws-sdk/client-polly';
import { invariant } from '@nightshift/domain';
import { Mp3Frames } from './mp3-frames.ts';
import { toPollyError } from './to-polly-error.ts';
import type { Voice } from './voices.ts';

export interface SpokenFrames {
  bytes: Uint8Array;
  /** Of these frames. */
  durationMs: number;
}

/**
 * Speaks one piece of text (at most MAX_PIECE_CHARS) and yields whole MP3 frames as they come. Throws when the audio does
 * not end with a whole frame, so that a speech which was cut is never taken for a whole one; the signal's reason when it
 * aborts; otherwise what toPollyError makes of it.
 */
export async function* streamSpeech(
  polly: PollyClient,
  speech: { text: string; voice: Voice; signal: AbortSignal },
): AsyncGenerator<SpokenFrames, void, void> {
  const { signal } = speech;
  const frames = new Mp3Frames();
  try {
    for await (const chunk of await synthesize(polly, speech)) {
      const before = frames.durationMs;
      const bytes = frames.push(chunk);
      if (bytes.length > 0) yield { bytes, durationMs: frames.durationMs - before };
    }
    frames.end();
  } catch (error) {
    signal.throwIfAborted();
    throw toPollyError(error);
  }
}

async function synthesize(
  polly: PollyClient,
  { text, voice, signal }: { text: string; voice: Voice; signal: AbortSignal },
): Promise<Readable> {
  const command = new SynthesizeSpeechCommand({ Text: text, VoiceId: voice, Engine: 'neural', OutputFormat: 'mp3' });
  const { AudioStream } = await polly.send(command, { abortSignal: signal });
  const stream: unknown = AudioStream;
  invariant(stream instanceof Readable, 'the SDK gave audio that is no Node stream');
  return stream;
}
