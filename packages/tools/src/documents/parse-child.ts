/**
 * The process in which one document is parsed: started by run-parse-child.ts with a memory limit, no environment and
 * no right to write files, start processes or read outside the program. It reads one request, answers once and ends.
 */
import { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { DocumentError } from './document-error.ts';
import { parseDocument } from './parse-document.ts';
import { type ParseReply, type ParseRequest, RESULT_FD } from './parse-protocol.ts';

const NEWLINE = 0x0a;
/** Errors of the system and of the module loader, which no document can cause. */
const MACHINE_ERROR =
  /^(?:EMFILE|ENFILE|ENOMEM|EAGAIN|EIO|ENOENT|ERR_MODULE_NOT_FOUND|ERR_ACCESS_DENIED|MODULE_NOT_FOUND)$/u;

async function answer(): Promise<ParseReply> {
  const input = await buffer(process.stdin);
  const headerEnd = input.indexOf(NEWLINE);
  const request: ParseRequest = JSON.parse(input.subarray(0, headerEnd).toString('utf8'));
  const bytes = input.subarray(headerEnd + 1);
  const source = { bytes, name: request.name, mediaType: request.mediaType ?? undefined };
  return { status: 'read', document: await parseDocument(source, request.limits) };
}

function explain(error: unknown): ParseReply {
  if (error instanceof DocumentError) return { status: 'refused', code: error.code, message: error.message };
  const text = error instanceof Error ? `${error.stack ?? error.message}` : String(error);
  process.stderr.write(`${text}\n`);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (MACHINE_ERROR.test(code)) return { status: 'failed', message: `${code} while parsing` };
  return { status: 'refused', code: 'document_damaged', message: describeCrash(error) };
}

/** A stack overflow is a document built to be deep; anything else is a file that its parser did not understand. */
function describeCrash(error: unknown): string {
  const isDeep = error instanceof RangeError && /call stack/iu.test(error.message);
  return isDeep
    ? 'This document is nested too deeply to be read; export it again in a simpler form.'
    : 'This document is damaged in a way that its reader does not understand; export it again or upload another copy.';
}

/** Exiting at once ends timers and workers that a parser has left behind. */
function send(reply: ParseReply): void {
  new Socket({ fd: RESULT_FD, readable: false, writable: true }).end(JSON.stringify(reply), () => process.exit(0));
}

// What a parser throws from a callback of its own ends here, and so does a promise that it has forgotten.
process.once('uncaughtException', (error) => send(explain(error)));
send(await answer().catch(explain));
