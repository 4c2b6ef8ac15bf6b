import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AudioFormat } from './encode-audio.ts';
import type { FliteEngine } from './flite-engine.ts';
import { parseSpeechRequest, type SpeechOrder } from './parse-speech-request.ts';
import { PollyError } from './polly-error.ts';
import { describeStandIn, describeVoice, POLLY_VOICES } from './polly-voices.ts';
import { sendSpeech } from './send-speech.ts';
import type { SpeechFault, SpeechFaults } from './speech-faults.ts';
import { recordRequest, type SpeechRequestRecord } from './speech-request-record.ts';
import { markSentences, synthesizeSpeech } from './synthesize-speech.ts';

/** What the requests of one server share. */
export interface SpeechServerContext {
  readonly engine: FliteEngine;
  readonly faults: SpeechFaults;
  readonly requests: SpeechRequestRecord[];
  readonly log: (message: string) => void;
}

/** 6,000 characters are at most 72 KB when every one of them is escaped as a pair of surrogates. */
const MAX_BODY_BYTES = 128 * 1024;

const CONTENT_TYPES: Readonly<Record<AudioFormat, string>> = {
  mp3: 'audio/mpeg',
  ogg_vorbis: 'audio/ogg',
  pcm: 'audio/pcm',
};

/** Answers one request of Polly's REST protocol. Never rejects: what goes wrong is answered, recorded and logged. */
export async function handleSpeechRequest(
  context: SpeechServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://speech.local');
  const isSpeech = request.method === 'POST' && pathname === '/v1/speech';
  const isVoices = request.method === 'GET' && pathname === '/v1/voices';
  const record = recordRequest(
    context.requests,
    isSpeech ? 'SynthesizeSpeech' : isVoices ? 'DescribeVoices' : 'Unknown',
  );
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.on('error', () => gone.abort());
  response.setHeader('x-amzn-requestid', randomUUID());
  try {
    if (isSpeech) await answerSpeech(context, record, request, response, gone.signal);
    else if (isVoices) answerVoices(record, searchParams, response);
    else throw new PollyError('UnknownOperationException', `There is no ${request.method} ${pathname}`);
  } catch (error) {
    answerError(context, record, response, error);
  }
}

async function answerSpeech(
  { engine, faults }: SpeechServerContext,
  record: SpeechRequestRecord,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  record.fault = faults.take();
  record.body = await readJsonBody(request);
  await meetEarlyFault(record.fault, signal);
  const order = parseSpeechRequest(record.body);
  await sendSpeech({ response, record, fault: record.fault, signal }, speechHeaders(order), speakOrder(engine, order));
}

function speakOrder(engine: FliteEngine, order: SpeechOrder): AsyncGenerator<Buffer, void, undefined> {
  return order.output.kind === 'audio' ? synthesizeSpeech(engine, order, order.output) : markSentences(engine, order);
}

function speechHeaders({ output, billedChars, voice }: SpeechOrder): Readonly<Record<string, string>> {
  return {
    'content-type': output.kind === 'audio' ? CONTENT_TYPES[output.format] : 'application/x-json-stream',
    'x-amzn-requestcharacters': String(billedChars),
    'x-nightshift-voice-note': describeStandIn(voice),
  };
}

/** The faults that come before any check of the request, as Polly's own throttling does. */
async function meetEarlyFault(fault: SpeechFault | null, signal: AbortSignal): Promise<void> {
  switch (fault?.kind) {
    case 'throttle':
      throw new PollyError('ThrottlingException', 'Rate exceeded');
    case 'serviceFailure':
      throw new PollyError('ServiceFailureException', 'An unknown condition has caused a service failure');
    case 'delay':
      return sleep(fault.delayMs, undefined, { signal });
    case 'hang':
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    case 'cut':
    case 'short':
    case 'slow':
    case 'wrongContentLength':
    case undefined:
      return;
  }
}

function answerVoices(record: SpeechRequestRecord, query: URLSearchParams, response: ServerResponse): void {
  const engine = query.get('Engine');
  const language = query.get('LanguageCode');
  const voices = POLLY_VOICES.filter(
    (voice) =>
      (engine === null || voice.engines.some((known) => known === engine)) &&
      (language === null || voice.languageCode === language),
  );
  answerJson(record, response, 200, { Voices: voices.map(describeVoice) });
}

function answerError(
  context: SpeechServerContext,
  record: SpeechRequestRecord,
  response: ServerResponse,
  error: unknown,
): void {
  if (response.headersSent || response.destroyed) {
    // A torn connection is the only way left to say that the recording is not whole.
    record.state = 'aborted';
    response.destroy();
    if (!isAbortError(error)) context.log(`speech stopped in the middle of a reply: ${String(error)}`);
    return;
  }
  const polly = error instanceof PollyError ? error : new PollyError('ServiceFailureException', String(error));
  if (!(error instanceof PollyError)) context.log(`speech failed: ${String(error)}`);
  record.errorType = polly.type;
  response.setHeader('x-amzn-errortype', polly.type);
  answerJson(record, response, polly.status, { message: polly.message });
}

function answerJson(record: SpeechRequestRecord, response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  record.status = status;
  record.state = 'completed';
  record.bytesSent = Buffer.byteLength(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': String(record.bytesSent) });
  response.end(body);
}

async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of request) {
    byteCount += chunk.length;
    if (byteCount <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (byteCount > MAX_BODY_BYTES)
    throw new PollyError('TextLengthExceededException', 'Maximum text length has been exceeded');
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new PollyError('ValidationException', 'The request body is not valid JSON');
  }
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
