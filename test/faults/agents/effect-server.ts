import { appendFileSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One effect as the world outside saw it. */
export interface EffectCall {
  /** From 1, in the order of arrival. */
  number: number;
  tool: string;
  taskId: string;
  /** The model's id of the call, and the journaled step. */
  toolUseId: string;
  callId: string;
  idempotencyKey: string;
  /** Whatever the model asked for. */
  input: Record<string, unknown>;
  atMs: number;
}

/** Does what tools of the lab agent ask for, by writing it down: the truth about effects, apart from our database. */
export interface EffectServer {
  readonly url: string;
  /** Milliseconds between an effect and its answer. */
  delayMs: number;
  /** Everything that was done, read from the file. */
  calls(): EffectCall[];
  close(): Promise<void>;
}

export async function startEffectServer(options: { file: string; delayMs?: number }): Promise<EffectServer> {
  let received = 0;
  appendFileSync(options.file, '');
  const server = createServer((request, response) => {
    readBody(request).then(
      (body) => {
        const at = new URL(request.url ?? '/', 'http://effects');
        if (request.method === 'GET') {
          const done = readCalls(options.file).filter((call) => call.idempotencyKey === at.searchParams.get('key'));
          response.end(JSON.stringify({ count: done.length }));
          return;
        }
        received += 1;
        // Written before it is answered, synchronously: an effect nobody hears of has happened all the same.
        appendFileSync(options.file, `${JSON.stringify({ ...parse(body), number: received, atMs: Date.now() })}\n`);
        setTimeout(() => response.end(JSON.stringify({ number: received })), effects.delayMs);
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const effects: EffectServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delayMs: options.delayMs ?? 0,
    calls: () => readCalls(options.file),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return effects;
}

function readCalls(file: string): EffectCall[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as EffectCall);
}

function parse(body: string): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
