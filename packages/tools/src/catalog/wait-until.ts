import { z } from 'zod';
import { defineTool, type Tool } from '../define-tool.ts';
import { ToolError } from '../errors/tool-error.ts';

const MAX_WAIT_MS = 366 * 24 * 3_600_000;

const INPUT = z.object({
  at: z.iso.datetime({ offset: true }).describe('RFC 3339 with an offset, such as 2026-11-21T08:00:00Z.'),
});

const OUTPUT = z.object({ now: z.string() });

/** Creates the tool `wait_until`: the task sleeps until a time, outside of its slot when that is more than seconds away. */
export function createWaitUntil(): Tool {
  return defineTool({
    name: 'wait_until',
    version: '1',
    description: 'Waits until a time and tells what time it is then. A time that has passed is answered at once.',
    inputSchema: INPUT,
    outputSchema: OUTPUT,
    annotations: { readOnlyHint: true, openWorldHint: false },
    visibility: { input: 'user' },
    async execute({ at }, context) {
      const time = new Date(at);
      const now = new Date();
      if (time.getTime() - now.getTime() > MAX_WAIT_MS) {
        throw new ToolError(`It is ${now.toISOString()}; waits of more than a year are not possible.`);
      }
      await context.waitUntil(time);
      return { now: new Date().toISOString() };
    },
    toModelOutput: ({ output }) => `It is ${output.now}.`,
  });
}
