import { createFailure, type Failure, type Json } from '@nightshift/domain';
import { z } from 'zod';
import type { Tool } from '../define-tool.ts';
import { MAX_TOOL_OUTPUT_BYTES } from './attempt-context.ts';
import { classifyThrown, type ThrownByTool } from './classify-thrown.ts';
import type { AttemptEnd } from './run-attempt.ts';
import { toPlainJson } from './to-plain-json.ts';

/** What one try means. `parsed` is the output as the schema made it, for `toModelOutput`. */
export type JudgedAttempt =
  | { kind: 'completed'; output: Json; parsed: unknown }
  | { kind: 'failed'; failure: Failure; intent: ThrownByTool['intent']; timedOut: boolean }
  | { kind: 'lost'; reason: unknown };

/** More issues than this tell nobody anything new. */
const MAX_ISSUES = 5;

/** Turns the end of a try into a result, a failure, or the news that the task is not ours any more. Never rejects. */
export async function judgeAttempt(tool: Tool, end: AttemptEnd): Promise<JudgedAttempt> {
  switch (end.kind) {
    case 'returned':
      return judgeReturned(tool, end.value);
    case 'threw':
      return { kind: 'failed', ...classifyThrown(end.thrown, tool.name), timedOut: false };
    case 'soft_stopped':
      return toTimeout(tool, 'tool_timeout', `it was stopped after its soft timeout of ${end.softMs} ms`);
    case 'hard_timeout':
      return end.byDeadline
        ? toTimeout(tool, 'deadline_exceeded', 'the deadline of the task passed while it was running')
        : toTimeout(tool, 'tool_timeout', `it did not end within ${end.timeoutMs} ms`);
    case 'lost':
      return end;
  }
}

function toTimeout(tool: Tool, code: 'tool_timeout' | 'deadline_exceeded', message: string): JudgedAttempt {
  const failure = createFailure(code, message, { detail: { tool: tool.name } });
  return { kind: 'failed', failure, intent: 'other', timedOut: true };
}

/** The effect has happened: whatever is wrong with the value is told and never a reason to run again. */
async function judgeReturned(tool: Tool, value: unknown): Promise<JudgedAttempt> {
  try {
    const result = await tool.outputSchema.safeParseAsync(value);
    if (!result.success) {
      return toBadOutput(tool, `it does not match the output schema: ${toIssuesText(result.error)}`);
    }
    const plain = toPlainJson(result.data, MAX_TOOL_OUTPUT_BYTES);
    if (!plain.ok) return toBadOutput(tool, plain.problem);
    return { kind: 'completed', output: plain.value, parsed: result.data };
  } catch (error) {
    return toBadOutput(tool, `it could not be checked: ${classifyThrown(error, tool.name).failure.message}`);
  }
}

function toBadOutput(tool: Tool, problem: string): JudgedAttempt {
  const message = `it ran to its end, but its result cannot be used: ${problem}`;
  const failure = createFailure('tool_bad_output', message, { retryable: false, detail: { tool: tool.name } });
  return { kind: 'failed', failure, intent: 'other', timedOut: false };
}

function toIssuesText(error: z.core.$ZodError): string {
  const lines = z.prettifyError({ issues: error.issues.slice(0, MAX_ISSUES) });
  return lines
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('✖ ', '; ')
    .replace(/^; /, '');
}
