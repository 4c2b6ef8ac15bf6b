import { createHash } from 'node:crypto';
import { createObjectStore, type ObjectStore } from '@nightshift/artifacts';
import { createSilentLogger } from '@nightshift/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { startTemporaryS3Server, type TemporaryS3Server } from '../../../local/src/s3/start-temporary-s3-server.ts';
import { runToolToEnd } from '../executor/run-tool-to-end.ts';
import { createComposeMusic } from './compose-music.ts';
import { MOOD_NAMES } from './music/moods.ts';
import { createRecordingToolContext, type RecordingToolContext } from './recording-tool-context.ts';

let s3: TemporaryS3Server;
let store: ObjectStore;
const tool = createComposeMusic();

beforeAll(async () => {
  s3 = await startTemporaryS3Server();
  const { endpoint, region, credentials } = s3.clientOptions;
  store = createObjectStore({ endpoint, region, credentials, bucket: s3.bucket, log: createSilentLogger() });
});

afterAll(async () => {
  store.close();
  await s3.close();
});

const compose = async (recording: RecordingToolContext, input: object): Promise<unknown> =>
  await runToolToEnd(tool, tool.inputSchema.parse(input), recording.context);

async function composeBytes(input: object, idempotencyKey: string): Promise<Buffer> {
  const recording = createRecordingToolContext({ store, idempotencyKey });
  await compose(recording, input);
  return await store.read(recording.rows[0]?.s3Key ?? '', { maxBytes: 20_000_000 });
}

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('compose_music', () => {
  it('stores a WAV of exactly the length that was asked for', async () => {
    const recording = createRecordingToolContext({ store });
    const output = await compose(recording, { mood: 'happy', seconds: 2.5 });
    const wav = await store.read(recording.rows[0]?.s3Key ?? '', { maxBytes: 1_000_000 });
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect(wav.readUInt32LE(40)).toBe(wav.length - 44);
    expect((wav.length - 44) / 2 / wav.readUInt32LE(24)).toBe(2.5);
    expect(output).toMatchObject({ artifact_id: recording.rows[0]?.id, duration_ms: 2_500 });
    const types = recording.events.map((event) => event.type);
    expect(types.slice(0, 2)).toEqual(['artifact.started', 'music.started']);
    expect(types.slice(-2)).toEqual(['artifact.completed', 'music.ended']);
    expect(types).toContain('music.audio');
  });

  it.each(MOOD_NAMES)('makes sound without distortion for the mood %s', async (mood) => {
    const wav = await composeBytes({ mood, seconds: 4 }, 'seed');
    const samples = new Int16Array(wav.buffer.slice(wav.byteOffset + 44, wav.byteOffset + wav.length));
    const peak = samples.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
    const power = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    expect(peak).toBeLessThan(32_767);
    expect(power).toBeGreaterThan(300);
    expect(Math.abs(samples.at(-1) ?? 1_000)).toBeLessThan(50);
  });

  it('plays the same for the same key and something else for another', async () => {
    const input = { mood: 'calm', seconds: 8 };
    const [first, again, other] = [
      sha256Of(await composeBytes(input, 'key-1')),
      sha256Of(await composeBytes(input, 'key-1')),
      sha256Of(await composeBytes(input, 'key-2')),
    ];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('tells the client bar by bar', async () => {
    const recording = createRecordingToolContext({ store });
    await compose(recording, { mood: 'epic', seconds: 4, tempo_bpm: 120 });
    expect(recording.chunks).toMatchObject([{ bar: 1 }, { bar: 2 }]);
  });

  it('stops between chunks when the signal aborts', async () => {
    const recording = createRecordingToolContext({ store });
    const reason = new Error('cancelled');
    const composing = compose(recording, { mood: 'sad', seconds: 300 }).catch((thrown) => thrown);
    await eventually('two bars are played', () => recording.chunks.length >= 2);
    recording.abort(reason);
    expect(await composing).toBe(reason);
    expect(recording.chunks.length).toBeLessThan(70);
    await recording.end('cancelled');
    expect(recording.events.map((event) => event.type)).not.toContain('music.ended');
  });
});
