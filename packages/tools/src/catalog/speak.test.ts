import type { PollyClient } from '@aws-sdk/client-polly';
import { createObjectStore, type ObjectStore } from '@nightshift/artifacts';
import { createSilentLogger } from '@nightshift/telemetry';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from '../../../local/src/s3/start-temporary-s3-server.ts';
import { inspectMp3 } from '../../../local/src/speech/inspect-mp3.ts';
import { type SpeechServer, startSpeechServer } from '../../../local/src/speech/start-speech-server.ts';
import type { Tool } from '../define-tool.ts';
import { RetryableToolError } from '../errors/retryable-tool-error.ts';
import { ToolError } from '../errors/tool-error.ts';
import { runToolToEnd } from '../executor/run-tool-to-end.ts';
import { createRecordingToolContext, type RecordingToolContext } from './recording-tool-context.ts';
import { createSpeak } from './speak.ts';
import { createPollyClient } from './speech/create-polly-client.ts';

let s3: TemporaryS3Server;
let speech: SpeechServer;
let store: ObjectStore;
let polly: PollyClient;
let tool: Tool;

beforeAll(async () => {
  s3 = await startTemporaryS3Server();
  speech = await startSpeechServer();
  const { endpoint, region, credentials } = s3.clientOptions;
  store = createObjectStore({ endpoint, region, credentials, bucket: s3.bucket, log: createSilentLogger() });
  polly = createPollyClient({ endpoint: speech.url, region, credentials });
  tool = createSpeak({ polly });
});

afterEach(() => speech.faults.clear());

afterAll(async () => {
  polly.destroy();
  store.close();
  await speech.close();
  await s3.close();
});

const speak = async (recording: RecordingToolContext, input: object): Promise<unknown> =>
  await runToolToEnd(tool, tool.inputSchema.parse(input), recording.context);

const typesOf = ({ events }: RecordingToolContext) => events.map((event) => event.type);

/** More than one piece of text that is soon spoken: Polly counts the gaps, and nobody hears them. */
function longText(): string {
  return `It rained.${' '.repeat(290)}`.repeat(12);
}

async function readAudio(recording: RecordingToolContext): Promise<Buffer> {
  return await store.read(recording.rows.at(-1)?.s3Key ?? '', { maxBytes: 50_000_000 });
}

describe('speak', () => {
  it('stores an MP3 that is whole and says how long it is', async () => {
    const recording = createRecordingToolContext({ store });
    const output = await speak(recording, { text: 'Good morning. The night shift is done.', language: 'en' });
    const audio = inspectMp3(await readAudio(recording));
    expect(audio.complete).toBe(true);
    expect(output).toEqual({
      artifact_id: recording.rows[0]?.id,
      duration_ms: Math.round(audio.durationMs),
      chars: 38,
    });
    expect(audio.durationMs).toBeGreaterThan(1_000);
    const types = typesOf(recording);
    expect([types[0], types[1], types.at(-2), types.at(-1)]).toEqual([
      'artifact.started',
      'speech.started',
      'artifact.completed',
      'speech.ended',
    ]);
    expect(types).toContain('speech.audio');
  });

  it('speaks long text in pieces that Polly takes, as one recording', async () => {
    const recording = createRecordingToolContext({ store });
    const text = longText();
    const before = speech.requests.length;
    const output = await speak(recording, { text, voice: 'Joanna' });
    const asked = speech.requests.slice(before);
    expect(asked).toHaveLength(2);
    expect(asked.every((request) => request.status === 200)).toBe(true);
    const audio = inspectMp3(await readAudio(recording));
    expect(audio.complete).toBe(true);
    expect(output).toMatchObject({ duration_ms: Math.round(audio.durationMs) });
    const told = recording.events.filter((event) => event.type === 'speech.audio').map((event) => event.data);
    let offset = 0;
    for (const chunk of told) {
      expect(chunk.offset).toBe(offset);
      offset += Number(chunk.length);
    }
    expect(offset).toBe((await readAudio(recording)).length);
  });

  it('chooses the voice by language, and the given voice wins', async () => {
    const voices: unknown[] = [];
    for (const input of [
      { language: 'de' },
      { language: 'pt-BR' },
      { language: 'tlh' },
      { language: 'de', voice: 'Amy' },
    ]) {
      const recording = createRecordingToolContext({ store });
      await speak(recording, { text: 'Ja.', ...input });
      voices.push(recording.events.find((event) => event.type === 'speech.started')?.data.voice);
    }
    expect(voices).toEqual(['Vicki', 'Camila', 'Matthew', 'Amy']);
  });

  it('turns a throttle, which is an HTTP 400, into a rate limit', async () => {
    speech.faults.add({ kind: 'throttle' });
    const error = await speak(createRecordingToolContext({ store }), { text: 'Hello.' }).catch((thrown) => thrown);
    if (!(error instanceof RetryableToolError)) throw new Error(`no RetryableToolError but ${String(error)}`);
    expect(error.toFailure('speak').code).toBe('tool_rate_limited');
  });

  it('asks Polly once and leaves trying again to the executor', async () => {
    speech.faults.add({ kind: 'serviceFailure' });
    const before = speech.requests.length;
    const error = await speak(createRecordingToolContext({ store }), { text: 'Hello.' }).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'RetryableToolError', rateLimited: false });
    expect(speech.requests.length - before).toBe(1);
  });

  it.each(['cut', 'short'] as const)('never publishes a speech that was %s as complete', async (kind) => {
    speech.faults.add({ kind, afterBytes: 3_001 });
    const recording = createRecordingToolContext({ store });
    const error = await speak(recording, {
      text: 'This sentence will not be spoken to its end, and that must show.',
    }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(RetryableToolError);
    await recording.end('the tool failed');
    const types = typesOf(recording);
    expect(types).not.toContain('artifact.completed');
    expect(types).not.toContain('speech.ended');
    expect(recording.events.at(-1)).toMatchObject({ type: 'artifact.aborted', data: { usable: true } });
    // What is left can be played: it ends with a whole frame.
    expect(inspectMp3(await readAudio(recording)).complete).toBe(true);
  });

  it('keeps the pieces that were spoken when a later one fails', async () => {
    speech.faults.add({ kind: 'slow', gapMs: 0 });
    speech.faults.add({ kind: 'serviceFailure' });
    const recording = createRecordingToolContext({ store });
    const text = longText();
    await speak(recording, { text }).catch(() => undefined);
    const partial = tool.outputSchema.parse(recording.partials.at(-1));
    expect(tool.toModelOutput?.({ output: partial, partial: true })).toMatch(
      /^Spoke only the first \d{4} characters aloud, then it broke off \(artifact art_\w+, [\d.]+ s\)\.$/,
    );
    await recording.end('the tool failed');
  });

  it('stops with the reason of the signal', async () => {
    speech.faults.add({ kind: 'slow', gapMs: 200 });
    const recording = createRecordingToolContext({ store });
    const speaking = speak(recording, { text: 'A long story about rain. '.repeat(40) });
    const reason = new Error('cancelled');
    const outcome = speaking.catch((thrown) => thrown);
    recording.abort(reason);
    expect(await outcome).toBe(reason);
    await recording.end('cancelled');
  });

  it('tells the model when there is nothing to say', async () => {
    const error = await speak(createRecordingToolContext({ store }), { text: ' -- \n ***' }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ToolError);
  });

  it('gives the model one sentence with the artifact id', () => {
    const output = { artifact_id: 'art_01', duration_ms: 12_340, chars: 200 };
    expect(tool.toModelOutput?.({ output, partial: false })).toBe(
      'Spoke 200 characters aloud (artifact art_01, 12.3 s).',
    );
  });
});
