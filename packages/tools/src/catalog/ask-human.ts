import { z } from 'zod';
import { defineTool, type Tool } from '../define-tool.ts';

const MAX_ANSWER_CHARS = 32_000;

const INPUT = z.object({
  question: z.string().min(1).max(4_000).describe('Everything the person needs to know to answer it.'),
  choices: z.array(z.string().min(1).max(200)).min(2).max(20).optional().describe('Answers to choose from.'),
});

const OUTPUT = z.object({ answer: z.string() });

/** Creates the tool `ask_human`: the task waits, for days if need be, and costs nothing meanwhile. */
export function createAskHuman(): Tool {
  return defineTool({
    name: 'ask_human',
    version: '1',
    description: 'Asks the user a question and waits for the answer. Ask only what you cannot find out otherwise.',
    inputSchema: INPUT,
    outputSchema: OUTPUT,
    annotations: { readOnlyHint: true, openWorldHint: true },
    visibility: { input: 'user', output: 'user' },
    async execute({ question, choices }, context) {
      const [first, ...others] = new Set(choices);
      const schema = first === undefined ? z.string().trim().min(1).max(MAX_ANSWER_CHARS) : z.enum([first, ...others]);
      return { answer: await context.requestInput(schema, question) };
    },
    toModelOutput: ({ output }) => output.answer,
  });
}
