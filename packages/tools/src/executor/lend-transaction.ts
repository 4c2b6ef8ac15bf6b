import { failWith } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import type { ToolContext } from '../tool-context.ts';
import type { ToolCallScope } from './tool-call-scope.ts';

/**
 * `context.transaction` of one try: the call's transaction for as long as the try is open, for tools that have declared it.
 * Its queries reject for whoever awaits them, and for nobody else.
 */
export function lendTransaction({
  tool,
  scope,
  assertOpen,
}: {
  tool: Tool;
  scope: ToolCallScope;
  assertOpen(): void;
}): ToolContext['transaction'] {
  return async (work) => {
    assertOpen();
    if (tool.effectClass !== 'transaction') {
      const message = `only a tool with effect "transaction" may write in the transaction of its result; this one is ${tool.effectClass}`;
      throw failWith('tool_failed', message, { retryable: false });
    }
    const db = await scope.transaction.open();
    return work({
      query(text, values) {
        assertOpen();
        const answered = db.query(text, values);
        answered.catch(() => {});
        return answered as ReturnType<typeof db.query<never>>;
      },
    });
  };
}
