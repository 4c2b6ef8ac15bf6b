import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { authenticate, type KnownCredentials } from '../auth/authenticate.ts';
import { Payload } from '../body/payload.ts';
import type { FaultAction, FaultScript } from '../fault-script.ts';
import type { OperationEntry, OperationLog } from '../operation-log.ts';
import { runOperation } from '../operations/run-operation.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import { readBody } from './body-source.ts';
import { ConnectionLostError } from './connection-lost-error.ts';
import type { Exchange } from './exchange.ts';
import { type Operation, resolveOperation } from './operation.ts';
import { parseRequestTarget, type RequestTarget } from './request-target.ts';
import { replyError, type S3Reply } from './s3-reply.ts';
import { sendReply } from './send-reply.ts';

export interface ServeOptions {
  context: S3Context;
  credentials: KnownCredentials;
  faults: FaultScript;
  operations: OperationLog;
  log: (message: string) => void;
  /** Ends scripted waits when the server closes. */
  closing: AbortSignal;
}

/** Serves one request from its target to the last byte of its answer. Never rejects: a request cannot stop the server. */
export async function serveRequest(options: ServeOptions, exchange: Exchange): Promise<void> {
  const { message, response } = exchange;
  const entry = startEntry(options, message);
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  response.setHeader('x-amz-request-id', requestId);
  try {
    const { reply, cutAfterBytes } = await makeReply(options, exchange, entry, requestId);
    try {
      await sendReply({ exchange, reply, cutAfterBytes });
      entry.status = reply.status;
    } finally {
      await reply.release?.();
    }
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) options.log(`${message.method} ${message.url}: ${describe(error)}`);
    message.socket.destroySoon();
  }
}

interface PreparedReply {
  reply: S3Reply;
  cutAfterBytes: number | null;
}

async function makeReply(
  options: ServeOptions,
  exchange: Exchange,
  entry: OperationEntry,
  requestId: string,
): Promise<PreparedReply> {
  const { message } = exchange;
  const rawPath = message.url?.split('?', 1)[0] ?? '/';
  try {
    const target = parseRequestTarget(message);
    Object.assign(entry, { bucket: target.bucket, key: target.key });
    const operation = resolveOperation(target);
    entry.operation = operation;
    const faults = options.faults.take({ ...target, operation });
    entry.faults = faults.map(({ kind }) => kind);
    const final = await playWaits(faults, exchange, options.closing);
    if (final?.kind === 'error') {
      entry.code = final.code;
      const reply = replyError({ message: 'Scripted fault', headers: {}, ...final, fields: {}, rawPath, requestId });
      return { reply, cutAfterBytes: null };
    }
    const cutBodyAfterBytes = final?.kind === 'cut_request' ? final.afterBytes : null;
    const reply = await execute(options, exchange, target, operation, cutBodyAfterBytes);
    if (final?.kind === 'drop_reply') {
      await reply.release?.();
      message.socket.destroy();
      throw new ConnectionLostError('dropped by a scripted fault');
    }
    return { reply, cutAfterBytes: final?.kind === 'cut_response' ? final.afterBytes : null };
  } catch (error) {
    if (error instanceof ConnectionLostError) throw error;
    const refusal = error instanceof S3Error ? error : new S3Error('InternalError');
    if (refusal !== error) options.log(`${message.method} ${rawPath}: ${describe(error)}`);
    entry.code = refusal.code;
    const { code, status, fields, headers } = refusal;
    return {
      reply: replyError({ status, code, message: refusal.message, fields, headers, rawPath, requestId }),
      cutAfterBytes: null,
    };
  }
}

async function execute(
  { context, credentials }: ServeOptions,
  exchange: Exchange,
  target: RequestTarget,
  operation: Operation,
  cutAfterBytes: number | null,
): Promise<S3Reply> {
  const { method, bucket, key, query, rawPath, queryPairs } = target;
  const signing = authenticate(
    { method, rawPath, query: queryPairs, headers: target.headers },
    credentials,
    context.nowMs(),
  );
  const headers = addPresignedHeaders(target);
  const source = readBody(exchange, cutAfterBytes);
  const payload = new Payload({ source, headers, signing });
  return await runOperation(operation, context, { method, bucket, key, query, headers, payload });
}

/** A presigned URL carries headers such as `x-amz-checksum-crc32` in its query, under the signature; S3 heeds them there. */
function addPresignedHeaders({ headers, queryPairs }: RequestTarget): ReadonlyMap<string, string> {
  const added = queryPairs.filter(([name]) => name.startsWith('x-amz-') && !headers.has(name));
  return added.length === 0 ? headers : new Map([...headers, ...added]);
}

/** Plays the delays, and a hang if there is one. @returns the fault that decides how the request ends, if any */
async function playWaits(
  faults: readonly FaultAction[],
  { message, response }: Exchange,
  closing: AbortSignal,
): Promise<FaultAction | undefined> {
  if (faults.length === 0) return undefined;
  const left = new AbortController();
  const leave = (): void => left.abort();
  response.once('close', leave);
  const signal = AbortSignal.any([closing, left.signal]);
  try {
    for (const fault of faults) {
      if (fault.kind === 'delay') await sleep(fault.delayMs, undefined, { signal });
      if (fault.kind === 'hang') await new Promise((_, reject) => signal.addEventListener('abort', reject));
    }
  } catch (cause) {
    message.socket.destroy();
    throw new ConnectionLostError('gone during a scripted wait', { cause });
  } finally {
    response.off('close', leave);
  }
  return faults.find(({ kind }) => kind !== 'delay');
}

function startEntry({ operations, context }: ServeOptions, message: IncomingMessage): OperationEntry {
  const entry: OperationEntry = {
    atMs: context.nowMs(),
    method: message.method ?? 'GET',
    operation: null,
    bucket: null,
    key: null,
    status: null,
    code: null,
    faults: [],
  };
  operations.add(entry);
  return entry;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
