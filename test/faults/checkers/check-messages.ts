import type { RecordedRequest } from '../../../packages/local/src/model/server/request-log.ts';

interface Body {
  messages?: { role: string; content: unknown }[];
}

/**
 * What the model was asked, by its own record: every request was well-formed (I10), and those of one task extend each
 * other, so nothing settled was forgotten or rewritten. `findTask` names the task of a request; requests whose context
 * was shortened are not compared, when the caller leaves them out by undefined.
 */
export function checkMessages(
  requests: readonly RecordedRequest[],
  findTask: (request: RecordedRequest) => string | undefined,
): string[] {
  const problems: string[] = [];
  const longest = new Map<string, string[]>();
  for (const request of requests) {
    if (request.path !== '/v1/messages') continue;
    if (request.verdict.kind === 'malformed') problems.push(`request ${request.number}: ${request.verdict.message}`);
    const task = findTask(request);
    if (task === undefined) continue;
    const messages = ((request.body as Body | null)?.messages ?? []).map((message) => toStableText(message));
    const before = longest.get(task) ?? [];
    const shared = Math.min(before.length, messages.length);
    const differs = messages.slice(0, shared).findIndex((message, index) => message !== before[index]);
    if (differs >= 0)
      problems.push(`${task}: message ${differs} of request ${request.number} is not what it was before`);
    if (messages.length > before.length) longest.set(task, messages);
  }
  return problems;
}

/** Cache marks move along with the conversation and mean nothing. */
function toStableText(message: unknown): string {
  return JSON.stringify(message, (key, value: unknown) => (key === 'cache_control' ? undefined : value));
}
