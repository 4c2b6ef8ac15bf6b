import { joinText, type WireMessage } from '../protocol/wire-message.ts';

/** The document a task is about, as its message names it. */
export interface DocumentTask {
  fileId: string;
  name?: string;
  mediaType?: string;
}

const LINE = /^.*\bDocument:\s*(.*\bfile_id\b.*)$/imu;

function readField(text: string, names: string): string | undefined {
  const json = new RegExp(`"(?:${names})"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)"`, 'u').exec(text)?.[1];
  if (json !== undefined) return json.replace(/\\(["\\/])/gu, '$1');
  const assigned = new RegExp(`(?<![\\p{L}_])(?:${names})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,;"]+))`, 'u').exec(
    text,
  );
  return assigned?.[1]?.replace(/\\(["\\/])/gu, '$1') ?? assigned?.[2];
}

function parseTask(text: string): DocumentTask | undefined {
  const scope = LINE.exec(text)?.[1] ?? text;
  const fileId = readField(scope, 'file_id|fileId') ?? /(?<![\p{L}\d])file_[A-Za-z0-9_-]{4,}/u.exec(scope)?.[0];
  if (fileId === undefined) return undefined;
  const name = readField(scope, 'name|file_name|filename|fileName');
  const mediaType = readField(scope, 'media_type|mediaType|content_type');
  return { fileId, ...(name === undefined ? {} : { name }), ...(mediaType === undefined ? {} : { mediaType }) };
}

/**
 * Finds the first document a user message names: a line `Document: file_id=<id> name="<name>" media_type="<type>"`, or
 * the same fields as JSON. Undefined when none is named.
 */
export function findDocumentTask(messages: readonly WireMessage[]): DocumentTask | undefined {
  for (const message of messages) {
    if (message.role !== 'user') continue;
    const task = parseTask(joinText(message.content));
    if (task !== undefined) return task;
  }
  return undefined;
}
