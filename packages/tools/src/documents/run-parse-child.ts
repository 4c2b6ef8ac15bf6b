import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { buildParseCommand } from './build-parse-command.ts';
import { DocumentError } from './document-error.ts';
import { DocumentParserError } from './document-parser-error.ts';
import { type ParseReply, type ParseRequest, RESULT_FD, readParseReply } from './parse-protocol.ts';
import { watchChildMemory } from './watch-child-memory.ts';

/** JSON of a whole document; the text of a 1,000-page book is about 3 MB. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Enough of stderr to recognise "heap out of memory" and to find the cause of a crash. */
const MAX_STDERR_CHARS = 4_000;
/** Memory of the whole process, pictures and fonts outside the JavaScript heap included. */
const MAX_RESIDENT_BYTES = 1024 * 1024 * 1024;

export interface RunOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Why the parent ended the child, when it did. */
type KillReason = 'timeout' | 'memory' | 'output' | 'aborted';

interface Ending {
  exitCode: number | null;
  exitSignal: NodeJS.Signals | null;
  killedFor: KillReason | undefined;
  output: string;
  stderr: string;
}

/**
 * Parses one document in a process of its own, so that a hostile one costs one error: the process has a heap limit, a
 * limit on its whole memory and CPU time, a deadline, and a cap on what it may answer; it inherits no environment.
 * A process takes about 0.3 s from start to answer on two cores, which is why none are kept waiting.
 * @throws DocumentError, DocumentParserError, or the signal's reason.
 */
export async function runParseChild(
  request: ParseRequest,
  bytes: Uint8Array,
  options: RunOptions,
): Promise<ParseReply & { status: 'read' }> {
  options.signal?.throwIfAborted();
  const ending = await superviseChild(startChild(options.timeoutMs), { request, bytes, options });
  options.signal?.throwIfAborted();
  const reply = ending.killedFor === undefined ? readParseReply(ending.output) : undefined;
  if (reply?.status === 'read') return reply;
  if (reply?.status === 'refused') throw new DocumentError(reply.code, reply.message);
  if (reply?.status === 'failed') throw new DocumentParserError(`The document parser failed: ${reply.message}`);
  throw explainEnding(ending, options.timeoutMs);
}

function startChild(timeoutMs: number): ChildProcess {
  const script = findChildScript();
  const { command, args } = buildParseCommand(script, timeoutMs);
  return spawn(command, args, {
    // Its own process group, so that a kill reaches whatever it may have started.
    detached: true,
    env: {},
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  });
}

/** The compiled child: beside this file in dist, and in dist as well when this runs from the sources (tests). */
function findChildScript(): string {
  const isSource = import.meta.url.endsWith('.ts');
  const script = isSource ? '../../dist/documents/parse-child.js' : './parse-child.js';
  const path = fileURLToPath(new URL(script, import.meta.url));
  if (!existsSync(path)) {
    throw new DocumentParserError('The document parser is not built; run "npm run build" (or "npx tsc -b") first.');
  }
  return path;
}

interface Job {
  request: ParseRequest;
  bytes: Uint8Array;
  options: RunOptions;
}

/** Feeds the child, collects its answer, and kills its group on the first limit that it breaks. */
function superviseChild(child: ChildProcess, { request, bytes, options }: Job): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const stdin = child.stdin as Writable;
    const result = child.stdio[RESULT_FD] as Readable;
    const chunks: Buffer[] = [];
    let outputBytes = 0;
    let stderr = '';
    let killedFor: KillReason | undefined;
    const kill = (reason: KillReason): void => {
      killedFor ??= reason;
      killGroup(child);
    };
    const onAbort = (): void => kill('aborted');
    const deadline = setTimeout(() => kill('timeout'), options.timeoutMs);
    const stopWatching = watchChildMemory(child.pid, MAX_RESIDENT_BYTES, () => kill('memory'));
    const release = (): void => {
      clearTimeout(deadline);
      stopWatching();
      options.signal?.removeEventListener('abort', onAbort);
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    result.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > MAX_OUTPUT_BYTES) kill('output');
      else chunks.push(chunk);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
    });
    // A child that dies before it has read everything breaks the pipe; its ending says why.
    stdin.on('error', () => {});
    result.on('error', () => {});
    child.on('error', (error) => {
      release();
      reject(new DocumentParserError(`The document parser could not be started: ${error.message}`, { cause: error }));
    });
    child.on('close', (exitCode, exitSignal) => {
      release();
      resolve({ exitCode, exitSignal, killedFor, output: Buffer.concat(chunks).toString('utf8'), stderr });
    });
    stdin.write(`${JSON.stringify(request)}\n`);
    stdin.end(bytes);
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone.
    child.kill('SIGKILL');
  }
}

function explainEnding(ending: Ending, timeoutMs: number): DocumentError | DocumentParserError {
  const cause = new Error(`parser ended with ${ending.exitSignal ?? ending.exitCode}: ${ending.stderr}`);
  const isOutOfMemory = ending.killedFor === 'memory' || /heap out of memory|allocation failed/iu.test(ending.stderr);
  if (isOutOfMemory) {
    const message = 'This document needs more memory to be read than is allowed; split it or export a simpler version.';
    return new DocumentError('document_too_large', message, { cause });
  }
  if (ending.killedFor === 'output') {
    const message = 'This document contains more text than can be taken in; split it into smaller documents.';
    return new DocumentError('document_too_large', message, { cause });
  }
  if (ending.killedFor === 'timeout' || ending.exitSignal === 'SIGXCPU' || ending.exitSignal === 'SIGKILL') {
    const seconds = Math.round(timeoutMs / 100) / 10;
    const message = `This document could not be read within ${seconds} seconds; split it or export a simpler version.`;
    return new DocumentError('document_timeout', message, { cause });
  }
  // The child catches what parsers throw, so an exit code of its own means that it did not get as far as parsing.
  if (ending.exitSignal === null) return new DocumentParserError('The document parser did not start.', { cause });
  const message = 'This document made its reader stop; it is probably damaged. Export it again or upload another copy.';
  return new DocumentError('document_damaged', message, { cause });
}
