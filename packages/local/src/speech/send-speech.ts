import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SpeechFault } from './speech-faults.ts';
import type { SpeechRequestRecord } from './speech-request-record.ts';

/** A reply under way: where it goes, what is noted about it and what goes wrong with it. */
export interface SpeechReply {
  readonly response: ServerResponse;
  readonly record: SpeechRequestRecord;
  readonly fault: SpeechFault | null;
  readonly signal: AbortSignal;
}

/**
 * Streams the chunks as the body of a 200 reply, at the pace of the client. The headers leave with the first chunk, so that an engine that
 * fails at once can still answer 500; when it fails later the connection is torn, as a half recording must not look whole.
 */
export async function sendSpeech(
  { response, record, fault, signal }: SpeechReply,
  headers: Readonly<Record<string, string>>,
  chunks: AsyncGenerator<Buffer, void, undefined>,
): Promise<void> {
  if (fault?.kind === 'wrongContentLength') {
    return sendWithWrongLength({ response, record, signal, extraBytes: fault.extraBytes }, headers, chunks);
  }
  const limitBytes = fault?.kind === 'cut' || fault?.kind === 'short' ? fault.afterBytes : Number.POSITIVE_INFINITY;
  for await (const chunk of chunks) {
    startReply(response, record, headers);
    if (fault?.kind === 'slow') await sleep(fault.gapMs, undefined, { signal });
    const left = limitBytes - record.bytesSent;
    if (left > 0) await writeChunk(response, record, chunk.subarray(0, Math.min(left, chunk.length)), signal);
    if (record.bytesSent >= limitBytes) break;
  }
  if (fault?.kind === 'cut') return tearReply(response, record);
  startReply(response, record, headers);
  response.end();
  await once(response, 'finish', { signal });
  record.state = 'completed';
}

/** Tears the connection under a reply whose written bytes have left. */
function tearReply(response: ServerResponse, record: SpeechRequestRecord): void {
  record.state = 'aborted';
  response.flushHeaders();
  response.socket?.end(() => response.socket?.destroy());
}

async function sendWithWrongLength(
  { response, record, signal, extraBytes }: Omit<SpeechReply, 'fault'> & { readonly extraBytes: number },
  headers: Readonly<Record<string, string>>,
  chunks: AsyncGenerator<Buffer, void, undefined>,
): Promise<void> {
  const whole: Buffer[] = [];
  for await (const chunk of chunks) whole.push(chunk);
  const body = Buffer.concat(whole);
  startReply(response, record, { ...headers, 'content-length': String(body.length + extraBytes) });
  await writeChunk(response, record, body, signal);
  tearReply(response, record);
}

function startReply(
  response: ServerResponse,
  record: SpeechRequestRecord,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.headersSent) return;
  response.writeHead(200, headers);
  record.status = 200;
  record.state = 'streaming';
}

async function writeChunk(
  response: ServerResponse,
  record: SpeechRequestRecord,
  chunk: Buffer,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  record.bytesSent += chunk.length;
  if (!response.write(chunk)) await once(response, 'drain', { signal });
}
