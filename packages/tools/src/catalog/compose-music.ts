import { ChunkNotices } from '@nightshift/artifacts';
import type { Json } from '@nightshift/domain';
import { z } from 'zod';
import { defineTool, type Tool } from '../define-tool.ts';
import type { ToolContext } from '../tool-context.ts';
import { MOOD_NAMES } from './music/moods.ts';
import { countSamples, SAMPLE_RATE, synthesizeMusic } from './music/synthesize-music.ts';
import { createWavHeader, WAV_HEADER_BYTES } from './music/wav-header.ts';

const INPUT = z.object({
  mood: z.enum(MOOD_NAMES),
  seconds: z.number().min(1).max(300),
  tempo_bpm: z.int().min(40).max(200).optional().describe('Default: the tempo of the mood.'),
});

const OUTPUT = z.object({ artifact_id: z.string(), duration_ms: z.number(), bars: z.number() });

/**
 * Creates the tool `compose_music`: a generator that makes music beat by beat, sends the bytes to S3 and tells the client
 * what it plays bar by bar. Of effect class `keyed`: the idempotency key is the seed, so a repetition plays the same.
 */
export function createComposeMusic(): Tool {
  return defineTool({
    name: 'compose_music',
    version: '1',
    description: 'Composes simple instrumental music for a mood and stores it as a WAV that the user can listen to.',
    inputSchema: INPUT,
    outputSchema: OUTPUT,
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    timeoutMs: { hard: 300_000 },
    concurrency: { perWorker: 2 },
    visibility: { output: 'user' },
    execute: compose,
    toModelOutput: ({ output: { artifact_id, duration_ms, bars }, partial }) => {
      const seconds = (duration_ms / 1000).toFixed(1);
      const what = partial ? 'Composed only the beginning of the music' : 'Composed music';
      return `${what}: ${bars} bars (artifact ${artifact_id}, ${seconds} s).`;
    },
  });
}

async function* compose(
  input: z.output<typeof INPUT>,
  context: ToolContext,
): AsyncGenerator<Json, z.input<typeof OUTPUT>, void> {
  const { mood, seconds, tempo_bpm: tempoBpm } = input;
  const audio = await context.artifact('music.wav', { mediaType: 'audio/wav' });
  const { id } = audio;
  await context.emit('music.started', { artifact_id: id, mood, duration_ms: Math.round(seconds * 1000) });
  await audio.write(createWavHeader({ sampleRate: SAMPLE_RATE, sampleCount: countSamples(seconds) }));
  const notices = new ChunkNotices(Date.now);
  const played = { artifact_id: id, duration_ms: 0, bars: 0 };
  const music = synthesizeMusic({ mood, seconds, tempoBpm, seed: context.idempotencyKey, signal: context.signal });
  for await (const { samples, bar, beat, chord } of music) {
    await audio.write(samples);
    played.duration_ms = toDurationMs(audio.bytesWritten);
    played.bars = bar;
    const notice = notices.take(audio.bytesWritten);
    if (notice) await context.emit('music.audio', { artifact_id: id, ...notice, duration_ms: played.duration_ms });
    if (beat === 1) {
      context.partial({ ...played });
      yield { bar, chord };
    }
  }
  const rest = notices.takeRest(audio.bytesWritten);
  if (rest) await context.emit('music.audio', { artifact_id: id, ...rest, duration_ms: played.duration_ms });
  const { bytes } = await audio.close();
  await context.emit('music.ended', { artifact_id: id, bytes, duration_ms: played.duration_ms });
  return played;
}

/** Of the samples after the header. */
function toDurationMs(bytes: number): number {
  return Math.round(((bytes - WAV_HEADER_BYTES) / 2 / SAMPLE_RATE) * 1000);
}
