import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { type ModelServer, startModelServer } from '../server/start-model-server.ts';
import type { ScriptEntry, ScriptFunction } from './script.ts';
import type { ScriptedReply } from './scripted-reply.ts';

let server: ModelServer;
afterEach(() => server.close());

const ASK = {
  model: 'm',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content: 'Say something about ships.' }],
};
async function open(script: readonly ScriptEntry[] | ScriptFunction): Promise<Anthropic> {
  server = await startModelServer({ streamDelayMs: 0, script });
  return new Anthropic({ apiKey: 'test', baseURL: server.url, maxRetries: 0, logLevel: 'off' });
}

describe('script matching', () => {
  const say = (text: string): ScriptedReply => ({ type: 'message', content: [{ type: 'text', text }] });
  const textOf = (message: Anthropic.Message) =>
    message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');

  it('takes replies by turn, by request number and by the first user message, then answers extractively', async () => {
    const client = await open([
      { match: { turn: 2 }, replies: [say('second turn')] },
      { match: { request: [1] }, replies: [say('first request')] },
      { match: { contains: 'whales' }, replies: [say('whales')], repeat: true },
    ]);
    const later = {
      ...ASK,
      messages: [
        ...ASK.messages,
        { role: 'assistant' as const, content: 'a' },
        { role: 'user' as const, content: 'b' },
      ],
    };
    const whales = { ...ASK, messages: [{ role: 'user' as const, content: 'About whales.' }] };
    const texts = [];
    for (const ask of [ASK, later, whales, whales, ASK]) texts.push(textOf(await client.messages.create(ask)));
    expect(texts.slice(0, 4)).toEqual(['first request', 'second turn', 'whales', 'whales']);
    expect(texts[4]).toContain('local-extractive-1');
    expect(server.requests.map((request) => request.answer?.scripted)).toEqual([true, true, true, true, false]);
  });

  it('lets a function decide and the handle change the script while the server runs', async () => {
    const client = await open((request, info) =>
      info.requestNumber === 1 ? say(`window ${request.maxTokens}`) : undefined,
    );
    expect(textOf(await client.messages.create(ASK))).toBe('window 500');
    server.script.push(say('pushed'));
    expect(textOf(await client.messages.create(ASK))).toBe('pushed');
    server.script.set([{ type: 'extractive', delivery: { cut: { afterBytes: 100, by: 'end' } } }]);
    await expect(client.messages.stream(ASK).finalMessage()).rejects.toThrow(/ended without/);
  });
});
