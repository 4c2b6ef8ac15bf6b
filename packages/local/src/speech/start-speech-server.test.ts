import {
  DescribeVoicesCommand,
  PollyClient,
  SynthesizeSpeechCommand,
  type SynthesizeSpeechCommandInput,
} from '@aws-sdk/client-polly';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeMp3 as decode } from '../../../../test/support/decode-mp3.ts';
import { inspectMp3 } from './inspect-mp3.ts';
import { type SpeechServer, startSpeechServer } from './start-speech-server.ts';

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
let server: SpeechServer;
let polly: PollyClient;

beforeAll(async () => {
  server = await startSpeechServer();
  const requestHandler = new NodeHttpHandler();
  polly = new PollyClient({ endpoint: server.url, region: 'eu-west-1', credentials, requestHandler, maxAttempts: 1 });
});
afterEach(() => server.faults.clear());
afterAll(async () => {
  polly.destroy();
  await server.close();
});

async function request(input: Partial<SynthesizeSpeechCommandInput>, abortSignal?: AbortSignal) {
  const command = new SynthesizeSpeechCommand({ Text: 'Hello.', VoiceId: 'Joanna', OutputFormat: 'mp3', ...input });
  const { AudioStream, ...reply } = await polly.send(command, abortSignal === undefined ? {} : { abortSignal });
  return { reply, stream: AudioStream as unknown as AsyncIterable<Uint8Array> };
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function speak(input: Partial<SynthesizeSpeechCommandInput>): Promise<Buffer> {
  return readAll((await request(input)).stream);
}

const lastRecord = () => server.requests.at(-1);

describe('startSpeechServer speaks', () => {
  it('a sentence that a decoder accepts and that can be heard', async () => {
    const { reply, stream } = await request({ Text: 'Night shift has read forty two documents.' });
    expect(reply).toMatchObject({ ContentType: 'audio/mpeg', RequestCharacters: 41 });
    const mp3 = await readAll(stream);
    const audio = await decode(mp3);
    expect(audio).toMatchObject({ sampleRate: 22_050, errorCount: 0 });
    expect(audio.seconds).toBeGreaterThan(1.5);
    expect(audio.seconds).toBeLessThan(5);
    expect(audio.rms).toBeGreaterThan(0.03);
    expect(inspectMp3(mp3)).toMatchObject({ complete: true, sampleRateHz: 22_050 });
    expect(inspectMp3(mp3).durationMs).toBeCloseTo(audio.seconds * 1000, 0);
    expect(lastRecord()).toMatchObject({
      operation: 'SynthesizeSpeech',
      status: 200,
      state: 'completed',
      bytesSent: mp3.length,
    });
  });

  it.each(['8000', '16000', '24000', '44100', '48000'])('mp3 at %s Hz', async (SampleRate) => {
    expect(await decode(await speak({ SampleRate }))).toMatchObject({ sampleRate: Number(SampleRate), errorCount: 0 });
  });

  it('pcm at 16 and 8 kHz for the same time, and ogg', async () => {
    const full = await speak({ OutputFormat: 'pcm' });
    const half = await speak({ OutputFormat: 'pcm', SampleRate: '8000' });
    expect(Math.abs(full.length / 2 - half.length)).toBeLessThanOrEqual(2);
    expect((await speak({ OutputFormat: 'ogg_vorbis' })).subarray(0, 4).toString()).toBe('OggS');
  });

  it('German with an English voice, and says so', async () => {
    const response = await fetch(`${server.url}/v1/speech`, {
      method: 'POST',
      body: JSON.stringify({
        Text: 'Die Prüfung kostet 12 €.',
        VoiceId: 'Vicki',
        Engine: 'neural',
        OutputFormat: 'mp3',
      }),
    });
    expect(response.headers.get('x-nightshift-voice-note')).toMatch(
      /flite.*English only.*de-DE is read with an English/,
    );
    expect((await decode(Buffer.from(await response.arrayBuffer()))).rms).toBeGreaterThan(0.03);
  });

  it('a notice for a script it cannot read, and a moment of silence for nothing', async () => {
    expect((await decode(await speak({ Text: '東京は大きい。' }))).rms).toBeGreaterThan(0.03);
    expect(inspectMp3(await speak({ Text: '' }))).toMatchObject({ complete: true });
  });

  it('SSML breaks as silence and slow prosody slower', async () => {
    const seconds = async (ssml: string) =>
      (await decode(await speak({ TextType: 'ssml', Text: `<speak>${ssml}</speak>` }))).seconds;
    const plain = await seconds('Hello world again.');
    expect((await seconds('Hello world again.<break time="2s"/>')) - plain).toBeCloseTo(2, 0);
    expect((await seconds('<prosody rate="50%">Hello world again.</prosody>')) / plain).toBeGreaterThan(1.6);
  });

  it('sentence marks with byte offsets and times that grow', async () => {
    const text = 'Für Müller. And the second sentence.';
    const lines = (await speak({ Text: text, OutputFormat: 'json', SpeechMarkTypes: ['sentence'] }))
      .toString()
      .trim()
      .split('\n');
    const marks = lines.map((line) => JSON.parse(line));
    expect(marks.map((mark) => mark.value)).toEqual(['Für Müller.', 'And the second sentence.']);
    for (const mark of marks) expect(Buffer.from(text).subarray(mark.start, mark.end).toString()).toBe(mark.value);
    expect(marks[0].time).toBe(0);
    expect(marks[1].time).toBeGreaterThan(300);
  });

  it('its first bytes while the rest of a long text is still being spoken', async () => {
    const { stream } = await request({ Text: 'This is one of many sentences. '.repeat(90) });
    let sentAtFirstByte: number | null = null;
    let size = 0;
    for await (const chunk of stream) {
      sentAtFirstByte ??= lastRecord()?.bytesSent ?? null;
      size += chunk.length;
    }
    expect(sentAtFirstByte).toBeGreaterThan(0);
    expect(sentAtFirstByte).toBeLessThan(size / 4);
  });

  it('to four clients at once, each its own text', async () => {
    const texts = [1, 4, 8, 12].map((times) => 'Again and again. '.repeat(times));
    const durations = (await Promise.all(texts.map((Text) => speak({ Text })))).map((mp3) => inspectMp3(mp3));
    expect(durations.every((each) => each.complete)).toBe(true);
    const [one = 0, four = 0, eight = 0, twelve = 0] = durations.map((each) => each.durationMs);
    expect(four / one).toBeGreaterThan(3);
    expect(eight / four).toBeCloseTo(2, 0);
    expect(twelve / four).toBeCloseTo(3, 0);
  });

  it('and answers other requests while it speaks', async () => {
    const { stream } = await request({ Text: 'This is one of many sentences. '.repeat(60) });
    const long = lastRecord();
    const spoken = readAll(stream);
    expect((await polly.send(new DescribeVoicesCommand({}))).Voices?.length).toBeGreaterThan(50);
    expect(long?.state).toBe('streaming');
    await spoken;
  });
});

describe('startSpeechServer refuses', () => {
  it.each<[string, string, Partial<SynthesizeSpeechCommandInput>]>([
    ['TextLengthExceededException', '3,001 characters', { Text: 'x'.repeat(3001) }],
    [
      'TextLengthExceededException',
      '6,400 characters with tags',
      { Text: `<speak>${'<w>x</w>'.repeat(800)}</speak>`, TextType: 'ssml' },
    ],
    ['InvalidSsmlException', 'broken SSML', { Text: '<speak>broken', TextType: 'ssml' }],
    ['ValidationException', 'an unknown voice', { VoiceId: 'Nobody' as 'Joanna' }],
    ['ValidationException', 'a voice without that engine', { VoiceId: 'Nicole', Engine: 'neural' }],
    ['ValidationException', 'a format it cannot make', { OutputFormat: 'ogg_opus' }],
    ['ValidationException', 'word marks', { OutputFormat: 'json', SpeechMarkTypes: ['word'] }],
    ['InvalidSampleRateException', 'an odd sample rate', { SampleRate: '11025' }],
    ['InvalidSampleRateException', 'pcm at 22 kHz', { OutputFormat: 'pcm', SampleRate: '22050' }],
    ['LanguageNotSupportedException', 'a language the voice has not', { LanguageCode: 'de-DE' }],
    ['MarksNotSupportedForFormatException', 'marks with audio', { SpeechMarkTypes: ['sentence'] }],
    [
      'SsmlMarksNotSupportedForTextTypeException',
      'SSML marks of plain text',
      { OutputFormat: 'json', SpeechMarkTypes: ['ssml'] },
    ],
  ])('with %s for %s', async (name, _what, input) => {
    await expect(request(input)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
    expect(lastRecord()).toMatchObject({ status: 400, errorType: name });
  });

  it('nothing of exactly 3,000 billed characters inside SSML', async () => {
    const words = 'word '.repeat(600);
    const { reply, stream } = await request({ Text: `<speak>${words}</speak>`, TextType: 'ssml' });
    expect(reply.RequestCharacters).toBe(3000);
    for await (const _first of stream) break;
  });

  it('what is not JSON and paths it does not have', async () => {
    const bad = await fetch(`${server.url}/v1/speech`, { method: 'POST', body: '{' });
    expect([bad.status, bad.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException']);
    expect((await fetch(`${server.url}/v1/lexicons`)).status).toBe(404);
  });
});

describe('startSpeechServer lists', () => {
  it('voices by language and engine, named as stand-ins', async () => {
    const { Voices } = await polly.send(new DescribeVoicesCommand({ LanguageCode: 'en-GB', Engine: 'standard' }));
    expect(Voices?.map((voice) => voice.Id)).toEqual(['Amy', 'Brian', 'Emma']);
    expect(Voices?.[0]?.Name).toBe('Amy (local flite slt, English only)');
  });
});

describe('startSpeechServer fails on demand with', () => {
  it('throttling, which the SDK retries by name although it is a 400', async () => {
    server.faults.add({ kind: 'throttle' });
    await expect(request({})).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 400 },
    });
    server.faults.add({ kind: 'throttle' });
    const requestHandler = new NodeHttpHandler();
    const retrying = new PollyClient({
      endpoint: server.url,
      region: 'eu-west-1',
      credentials,
      requestHandler,
      maxAttempts: 2,
    });
    const reply = await retrying.send(
      new SynthesizeSpeechCommand({ Text: 'Hi.', VoiceId: 'Joanna', OutputFormat: 'mp3' }),
    );
    expect(reply.$metadata).toMatchObject({ httpStatusCode: 200, attempts: 2 });
    retrying.destroy();
  });

  it('a service failure', async () => {
    server.faults.add({ kind: 'serviceFailure' });
    await expect(request({})).rejects.toMatchObject({
      name: 'ServiceFailureException',
      $metadata: { httpStatusCode: 500 },
    });
  });

  it.each([0, 1000])('a connection torn after %d bytes, which the client sees', async (afterBytes) => {
    server.faults.add({ kind: 'cut', afterBytes });
    const { stream } = await request({});
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(lastRecord()).toMatchObject({ state: 'aborted', bytesSent: afterBytes });
  });

  it('a reply that ends early and cleanly, which only the audio shows', async () => {
    server.faults.add({ kind: 'short', afterBytes: 1000 });
    const mp3 = await speak({});
    expect(mp3.length).toBe(1000);
    expect(inspectMp3(mp3).complete).toBe(false);
  });

  it('a wrong content length', async () => {
    server.faults.add({ kind: 'wrongContentLength', extraBytes: 10 });
    const { stream } = await request({});
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('a delay, a slow stream, and then nothing more', async () => {
    server.faults.add({ kind: 'delay', delayMs: 150 });
    server.faults.add({ kind: 'slow', gapMs: 100 });
    for (const _fault of [1, 2]) {
      const startedAt = performance.now();
      expect(inspectMp3(await speak({})).complete).toBe(true);
      expect(performance.now() - startedAt).toBeGreaterThan(140);
    }
    expect(server.faults.remaining).toBe(0);
  });

  it('no answer at all until the client gives up', async () => {
    server.faults.add({ kind: 'hang' });
    await expect(request({}, AbortSignal.timeout(200))).rejects.toMatchObject({
      name: expect.stringMatching(/Abort|Timeout/),
    });
    await expect.poll(() => lastRecord()?.state).toBe('aborted');
    expect(inspectMp3(await speak({})).complete).toBe(true);
  });
});

describe('startSpeechServer stops', () => {
  it('a client that speaks HTTP/2 and says what to do about it', async () => {
    const lines: string[] = [];
    const own = await startSpeechServer({ log: (line) => lines.push(line) });
    const http2Client = new PollyClient({ endpoint: own.url, region: 'eu-west-1', credentials, maxAttempts: 1 });
    await expect(http2Client.send(new DescribeVoicesCommand({}))).rejects.toThrow();
    expect(lines).toEqual([expect.stringContaining('NodeHttpHandler')]);
    http2Client.destroy();
    await own.close();
  });

  it('speaking when the client goes away', async () => {
    const { stream } = await request({ Text: 'This is one of many sentences. '.repeat(90) });
    for await (const _first of stream) break;
    const record = lastRecord();
    await expect.poll(() => record?.state).toBe('aborted');
  });

  it('with a request under way', async () => {
    const own = await startSpeechServer({ faults: [{ kind: 'hang' }] });
    const pending = fetch(`${own.url}/v1/speech`, { method: 'POST', body: '{}' });
    const failed = expect(pending).rejects.toThrow();
    await expect.poll(() => own.requests.length).toBe(1);
    await own.close();
    await failed;
    await expect(fetch(own.url)).rejects.toThrow();
  });
});
