import type { ScriptFunction } from '../../../packages/local/src/model/script/script.ts';
import type { ScriptedBlock } from '../../../packages/local/src/model/script/scripted-reply.ts';

/** One call the model asks for. */
export interface PlannedCall {
  tool: string;
  input: Record<string, unknown>;
}

/** What the model does with a task of the agent `lab`: calls turn by turn, then words. */
export interface LabPlan {
  /** Names the task in what the model is asked. */
  label: string;
  turns: PlannedCall[][];
}

/** Text of every turn: with characters of two, three and four bytes, in pieces. */
const WORDS = 'Ich prüfe die Größe der Datei — 夜勤の記録 — und gehe dann weiter, Schritt für Schritt 🌙. ';
const PROMPT = /^LAB (\S+) (\[.*\])$/m;

export function toPrompt(plan: LabPlan): string {
  return `LAB ${plan.label} ${JSON.stringify(plan.turns)}`;
}

/** The label of a task by its first message. */
export function readLabel(firstUserText: string): string | undefined {
  return PROMPT.exec(firstUserText)?.[1];
}

/** The label of the task that a request to the model is for; undefined for other agents. */
export function findLabel(request: { body: unknown }): string | undefined {
  const body = request.body as { messages?: { content: { text?: string }[] | string }[] } | null;
  const content = body?.messages?.[0]?.content ?? '';
  return readLabel(typeof content === 'string' ? content : content.map(({ text }) => text ?? '').join('\n'));
}

/** The model as the plan wants it; what is not of the lab passes on. */
export const answerByPlan: ScriptFunction = (_request, { firstUserText, turn }) => {
  const match = PROMPT.exec(firstUserText);
  if (!match) return undefined;
  const turns = JSON.parse(match[2] ?? '[]') as PlannedCall[][];
  const calls = turns[turn - 1] ?? [];
  const text: ScriptedBlock = { type: 'text', text: WORDS.repeat(calls.length === 0 ? 3 : 1) };
  return {
    type: 'message',
    content: [text, ...calls.map(({ tool, input }) => ({ type: 'tool_use' as const, name: tool, input }))],
  };
};

const EFFECTS = ['effect_pure', 'effect_keyed', 'effect_unsafe'];

/** A plan of the usual size: some turns with parallel calls of every effect class, and a piece of music into S3. */
export function drawPlan(
  label: string,
  random: () => number,
  options: { music?: boolean; delayMs?: number } = {},
): LabPlan {
  let n = 0;
  const draw = (): PlannedCall => {
    n += 1;
    const tool = EFFECTS[Math.floor(random() * EFFECTS.length)] ?? 'effect_pure';
    return { tool, input: { n, delayMs: Math.floor(random() * (options.delayMs ?? 200)) } };
  };
  const turns = Array.from({ length: 2 + Math.floor(random() * 3) }, () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, draw),
  );
  if (options.music) turns.push([{ tool: 'compose_music', input: { mood: 'calm', seconds: 3 } }]);
  return { label, turns };
}
