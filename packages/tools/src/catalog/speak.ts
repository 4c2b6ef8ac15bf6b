import type { PollyClient } from '@aws-sdk/client-polly';
import { ChunkNotices } from '@nightshift/artifacts';
import { z } from 'zod';
import { defineTool, type Tool } from '../define-tool.ts';
import { ToolError } from '../errors/tool-error.ts';
import type { ToolContext } from '../tool-context.ts';
import { splitForSpeech } from './speech/split-for-speech.ts';
import { streamSpeech } from './speech/stream-speech.ts';
import { chooseVoice, VOICES, type Voice } from './speech/voices.ts';

/** About two hours of speech. */
const MAX_SPOKEN_CHARS = 100_000;

interface Spoken {
  artifact_id: string;
  duration_ms: number;
  /** Characters that were spoken, white space at the seams left out. */
  chars: number;
}

/**
 * Creates the tool `speak`: text becomes an MP3 artifact that is written while Polly speaks. Of effect class `keyed`: a
 * repetition makes an artifact of its own, and the one that was not finished is never published as complete.
 */
export function createSpeak(deps: { polly: PollyClient }): Tool {
  return defineTool({
    name: 'speak',
    version: '1',
    description:
      'Speaks text aloud and stores the recording as an MP3 that the user can listen to. Give plain text, no markup. ' +
      'Returns the id of the recording.',
    inputSchema: z.object({
      text: z.string().min(1).max(MAX_SPOKEN_CHARS),
      voice: z.enum(VOICES).optional().describe('Default: a voice of the language.'),
      language: z.string().max(35).optional().describe('Language of the text as a tag like "de" or "pt-BR".'),
    }),
    outputSchema: z.object({ artifact_id: z.string(), duration_ms: z.number(), chars: z.number() }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    timeoutMs: { hard: 600_000 },
    // Every try is billed.
    retry: { maxAttempts: 3, minTimeoutMs: 1_000, factor: 3, maxTimeoutMs: 30_000 },
    breaker: { key: 'polly', failureThreshold: 5, openMs: 60_000 },
    concurrency: { perWorker: 4 },
    visibility: { output: 'user' },
    execute: ({ text, voice, language }, context) =>
      speak(deps.polly, { text, voice: voice ?? chooseVoice(language) }, context),
    toModelOutput: ({ output, partial }) => toText(output, partial),
  });
}

async function speak(polly: PollyClient, input: { text: string; voice: Voice }, context: ToolContext): Promise<Spoken> {
  const { voice } = input;
  const pieces = splitForSpeech(input.text);
  if (pieces.length === 0) throw new ToolError('The text has no words that could be spoken.');
  const chars = pieces.reduce((total, piece) => total + piece.length, 0);
  const audio = await context.artifact('speech.mp3', { mediaType: 'audio/mpeg' });
  await context.emit('speech.started', { artifact_id: audio.id, voice, chars });
  const notices = new ChunkNotices(Date.now);
  const spoken: Spoken = { artifact_id: audio.id, duration_ms: 0, chars: 0 };
  let durationMs = 0;
  for (const text of pieces) {
    for await (const frames of streamSpeech(polly, { text, voice, signal: context.signal })) {
      await audio.write(frames.bytes);
      durationMs += frames.durationMs;
      spoken.duration_ms = Math.round(durationMs);
      const notice = notices.take(audio.bytesWritten);
      if (notice) await emitAudio(context, spoken, notice);
    }
    spoken.chars += text.length;
    if (pieces.length > 1) {
      context.partial({ ...spoken });
      await context.progress({ done: spoken.chars, total: chars, note: 'characters spoken' });
    }
  }
  const rest = notices.takeRest(audio.bytesWritten);
  if (rest) await emitAudio(context, spoken, rest);
  const { id, bytes } = await audio.close();
  await context.emit('speech.ended', { artifact_id: id, bytes, duration_ms: spoken.duration_ms, chars });
  return spoken;
}

async function emitAudio(
  context: ToolContext,
  { artifact_id, duration_ms }: Spoken,
  notice: { offset: number; length: number },
): Promise<void> {
  await context.emit('speech.audio', { artifact_id, ...notice, duration_ms });
}

function toText({ artifact_id, duration_ms, chars }: Spoken, partial: boolean): string {
  const seconds = (duration_ms / 1000).toFixed(1);
  const what = partial
    ? `Spoke only the first ${chars} characters aloud, then it broke off`
    : `Spoke ${chars} characters aloud`;
  return `${what} (artifact ${artifact_id}, ${seconds} s).`;
}
