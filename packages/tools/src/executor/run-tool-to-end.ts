import type { Json } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import { runInToolContext, type ToolContext } from '../tool-context.ts';

/**
 * Runs the tool's code: what it returns, or what its generator returns after every chunk went to the client. All of it
 * runs inside of the tool's context, `next` and `return` of a generator included: a generator sees the context of its caller.
 */
export function runToolToEnd(tool: Tool, input: unknown, context: ToolContext): Promise<unknown> {
  return runInToolContext(context, async () => {
    const started = tool.execute(input, context);
    return isAsyncGenerator(started) ? drain(started, context) : started;
  });
}

async function drain(generator: AsyncGenerator<Json, unknown, void>, context: ToolContext): Promise<unknown> {
  const stop = () => {
    runInToolContext(context, () => generator.return(undefined)).catch(() => {});
  };
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const step = await generator.next();
      if (step.done) return step.value;
      await context.chunk(step.value);
    }
  } catch (error) {
    stop();
    throw error;
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

function isAsyncGenerator<T>(value: Promise<unknown> | T): value is T & AsyncGenerator<Json, unknown, void> {
  return value !== null && typeof value === 'object' && Symbol.asyncIterator in value && 'next' in value;
}
