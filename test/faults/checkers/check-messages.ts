import type { RecordedRequest } from '../../../packages/local/src/model/server/request-log.ts';

interface Body {
  messages?: { role: string; content: unknown }[];
}

/** Looks at requests as they come, for runs whose records do not fit into memory. */
export interface MessageChecker {
  /** Returns what is wrong with it. */
  check(request: RecordedRequest): string[];
  /** The task is over: nothing more is asked for it. */
  forget(task: string): void;
}

/**
 * What the model was asked, by its own record: every request was well-formed (I10), and those of one task extend each
 * other, so nothing settled was forgotten or rewritten. `findTask` names the task of a request; those it does not know,
 * because their context may be shortened, are not compared.
 */
export function createMessageChecker(findTask: (request: RecordedRequest) => string | undefined): MessageChecker {
  const longest = new Map<string, string[]>();
  return {
    check(request) {
      if (request.path !== '/v1/messages') return [];
      if (request.verdict.kind === 'malformed') return [`request ${request.number}: ${request.verdict.message}`];
      const task = findTask(request);
      if (task === undefined) return [];
      const messages = ((request.body as Body | null)?.messages ?? []).map((message) => toStableText(message));
      const before = longest.get(task) ?? [];
      const shared = Math.min(before.length, messages.length);
      const differs = messages.slice(0, shared).findIndex((message, index) => message !== before[index]);
      if (messages.length > before.length) longest.set(task, messages);
      return differs < 0 ? [] : [`${task}: message ${differs} of request ${request.number} is not what it was before`];
    },
    forget: (task) => void longest.delete(task),
  };
}

/** All of a short run at once. */
export function checkMessages(
  requests: readonly RecordedRequest[],
  findTask: (request: RecordedRequest) => string | undefined,
): string[] {
  const checker = createMessageChecker(findTask);
  return requests.flatMap((request) => checker.check(request));
}

/** Cache marks move along with the conversation and mean nothing. */
function toStableText(message: unknown): string {
  return JSON.stringify(message, (key, value: unknown) => (key === 'cache_control' ? undefined : value));
}
