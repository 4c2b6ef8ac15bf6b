import { isRecord } from '../protocol/is-record.ts';
import { joinText, readResultText, type WireRequest } from '../protocol/wire-message.ts';
import type { ScriptedBlock } from '../script/scripted-reply.ts';
import { GENERATED_BY } from './build-result.ts';

const DEFAULT_SECONDS = 20;
const MAX_SECONDS = 120;

/**
 * The answer when music can be composed: the tool is called once, with the first of its moods that the user names and the
 * seconds the user asks for; then its result is reported. Undefined when `compose_music` is not offered.
 */
export function answerComposer({ messages, tools }: WireRequest): ScriptedBlock[] | undefined {
  const tool = tools.find((offered) => offered.name === 'compose_music');
  if (!tool) return undefined;
  const results = messages.flatMap((message) => message.content.filter((block) => block.type === 'tool_result'));
  const last = results.at(-1);
  if (last) return [{ type: 'text', text: `${readResultText(last)} Made by ${GENERATED_BY}.` }];
  const wish = messages
    .map((message) => joinText(message.content))
    .join('\n')
    .toLowerCase();
  const moods = listMoods(tool.input_schema);
  const mood = moods.find((name) => wish.includes(name.toLowerCase())) ?? moods[0] ?? 'calm';
  const asked = Number(/(\d{1,3})\s*(?:s\b|sec|sek|seg)/u.exec(wish)?.[1] ?? DEFAULT_SECONDS);
  const seconds = Math.min(MAX_SECONDS, Math.max(1, asked));
  return [
    { type: 'text', text: `A ${mood} piece of ${seconds} seconds.` },
    { type: 'tool_use', name: tool.name, input: { mood, seconds } },
  ];
}

function listMoods(schema: unknown): string[] {
  const properties = isRecord(schema) && isRecord(schema.properties) ? schema.properties : {};
  const names = isRecord(properties.mood) ? properties.mood.enum : undefined;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
