import { readDocumentResult } from '../view/read-document-result.ts';
import type { TaskResult } from './task-result.ts';

/** These say that the input cannot be worked on, whoever tries and however often. */
const DOCUMENT_CODES: ReadonlySet<string> = new Set(['tool_rejected', 'tool_fatal', 'agent_input_invalid']);

/**
 * `done`; `document`: it ended for a reason of its document (damaged, encrypted, empty, no text); `other`: it failed, was
 * cancelled or expired for any other reason.
 */
export type Verdict = { readonly kind: 'done' } | { readonly kind: 'document' | 'other'; readonly reason: string };

/** What is to be said of a task that has ended, and whose fault it was. */
export function judgeResult(task: TaskResult): Verdict {
  switch (task.status) {
    case 'completed': {
      const { unreadable } = readDocumentResult(task.result);
      return unreadable === undefined ? { kind: 'done' } : { kind: 'document', reason: unreadable };
    }
    case 'failed': {
      const { code, message } = task.failure ?? { code: 'unknown', message: 'no reason was given' };
      const isDocument = DOCUMENT_CODES.has(code) || code.startsWith('document_');
      return { kind: isDocument ? 'document' : 'other', reason: message === '' ? code : message };
    }
    case 'cancelled':
      return { kind: 'other', reason: 'it was cancelled' };
    case 'expired':
      return { kind: 'other', reason: 'its deadline passed' };
    case 'queued':
    case 'running':
    case 'waiting':
      return { kind: 'other', reason: 'it has not ended' };
  }
}
