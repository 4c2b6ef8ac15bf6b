import type { ModelBlock, ModelMessage } from '../../../packages/model/src/index.ts';
import { answerOf } from './task-script.ts';
import type { World } from './world.ts';

/** Every request the model got is well-formed (I10), continues the one before, and holds the answers the tools gave. */
export function checkRequests(world: World): string[] {
  const problems: string[] = [];
  const longest = new Map<string, readonly ModelMessage[]>();
  for (const { taskId, messages } of world.history.requests) {
    const problem = findMalformed(messages);
    if (problem) problems.push(`${taskId}: the model was sent ${problem}`);
    const before = longest.get(taskId) ?? [];
    const shared = Math.min(before.length, messages.length);
    for (let i = 0; i < shared; i++) {
      if (JSON.stringify(before[i]) !== JSON.stringify(messages[i])) {
        problems.push(`${taskId}: the history that the model is sent changed at message ${i + 1}`);
        break;
      }
    }
    if (messages.length >= before.length) longest.set(taskId, messages);
  }
  return problems;
}

function findMalformed(messages: readonly ModelMessage[]): string | undefined {
  for (const [index, message] of messages.entries()) {
    if (message.role !== (index % 2 === 0 ? 'user' : 'assistant')) return 'roles that do not alternate';
    if (message.content.length === 0) return 'an empty message';
    const calls = message.content.filter(({ type }) => type === 'tool_use');
    const results = (messages[index + 1]?.content ?? []).filter(({ type }) => type === 'tool_result');
    if (calls.length === 0) continue;
    if (calls.map(({ id }) => id).join() !== results.map((result) => result.tool_use_id).join()) {
      return `calls ${calls.map(({ id }) => id).join()} with other results`;
    }
    for (const [position, call] of calls.entries()) {
      const result = results[position];
      if (!isAnswer(call, result)) return `a wrong result of ${String(call.name)}: ${JSON.stringify(result)}`;
    }
  }
  return messages.at(-1)?.role === 'user' ? undefined : 'a history that does not end with the user';
}

/** What the tool answers, that nobody knows what became of it, or that the deadline passed meanwhile. */
function isAnswer(call: ModelBlock, result: ModelBlock | undefined): boolean {
  const input = call.input as { n: number };
  const text = JSON.stringify(result?.content ?? '');
  if (text.includes('deadline_exceeded')) return true;
  if (result?.is_error === true) return call.name === 'send' && /(?:unknown|not known)/i.test(text);
  return text.includes(answerOf(String(call.name), input.n));
}
