import { Dice } from './dice.ts';

/** A call the model will ask for: `class` names the tool, `n` is its input. */
export interface ScriptedCall {
  tool: 'look' | 'charge' | 'send';
  n: number;
}

/** What the model says in the turn of this number: the same for every attempt at it. */
export interface ScriptedTurn {
  chunks: string[];
  calls: ScriptedCall[];
}

/** How many turns a task takes, and what is said and done in each; the last one has no calls. */
export function writeScript(seed: number): ScriptedTurn[] {
  const dice = new Dice(seed);
  const turns = dice.integer(1, 5);
  return Array.from({ length: turns }, (_, turn) => ({
    chunks: Array.from({ length: dice.integer(1, 6) }, (_unused, i) => `t${turn + 1}c${i} `),
    calls:
      turn === turns - 1
        ? []
        : Array.from({ length: dice.integer(1, 3) }, (_unused, i) => ({
            tool: dice.pick(['look', 'charge', 'send'] as const) ?? 'look',
            n: turn * 10 + i,
          })),
  }));
}

/** What a tool answers; the model has to read exactly this. */
export function answerOf(tool: string, n: number): string {
  return `${tool} ${n} done`;
}
