import type { Tool } from '@nightshift/tools';
import { COMPOSER_JOURNAL_VERSION, composerInput } from './composer-input.ts';
import { type Agent, defineAgent } from './define-agent.ts';

const INSTRUCTIONS = `You compose music for what the user describes. Choose a mood and a length (the user's, else 20 seconds),
call compose_music once, then say in one or two sentences what you composed. The music itself goes to the user directly.`;

/** A small agent whose work is bytes: the model decides, the tool streams audio to the client and to S3. */
export function createComposer(options: { tools: readonly Tool[]; models: readonly string[] }): Agent {
  return defineAgent({
    name: 'composer',
    version: '1',
    journalVersion: COMPOSER_JOURNAL_VERSION,
    model: options.models,
    instructions: INSTRUCTIONS,
    tools: options.tools.filter((tool) => tool.name === 'compose_music'),
    inputSchema: composerInput,
    toPrompt: (input) => input.prompt,
    limits: { max_turns: 6, max_tool_calls: 4 },
  });
}
