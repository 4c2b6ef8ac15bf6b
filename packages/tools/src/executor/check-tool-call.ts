import { createFailure, type Failure, isTooDeep, type Json, MAX_JSON_DEPTH, messageOf } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import { findForbiddenKeys } from './find-forbidden-keys.ts';
import type { ToolRegistry } from './tool-registry.ts';

/** A call as a model made it: `inputJson` is the concatenated text of its input, never somebody's partial parse. */
export interface RequestedToolCall {
  toolUseId: string;
  name: string;
  inputJson: string;
}

export interface CheckToolCallOptions {
  registry: Pick<ToolRegistry, 'get'>;
  /** Names of the tools this task may use. */
  granted: ReadonlySet<string>;
  call: RequestedToolCall;
}

/** A call that may run: `rawInput` is what the model wrote, `input` what the schema made of it. */
export interface PreparedToolCall {
  readonly kind: 'ready';
  readonly tool: Tool;
  readonly rawInput: Json;
  readonly input: unknown;
}

export type CheckedToolCall = PreparedToolCall | { readonly kind: 'refused'; readonly failure: Failure };

export const MAX_TOOL_INPUT_BYTES = 1_000_000;

/** More issues than this tell a model nothing new. */
const MAX_ISSUES = 10;

/**
 * The execution gate of one call (GUARANTEES.md I9): nothing runs unless the tool exists, is granted to the task, and its
 * input is strictly parsed JSON that matches the schema. The messages are for the model: precise enough to correct
 * itself by.
 */
export function checkToolCall({ registry, granted, call }: CheckToolCallOptions): CheckedToolCall {
  const tool = registry.get(call.name);
  if (!tool) return refuse('tool_unknown', call.name, `There is no tool "${call.name}". ${listGranted(granted)}`);
  if (!granted.has(call.name)) {
    return refuse('tool_not_granted', call.name, `This task may not use "${call.name}". ${listGranted(granted)}`);
  }
  const parsed = parseInput(call.inputJson);
  if ('problem' in parsed) return refuseInput(tool, parsed.problem);
  return checkToolInput(tool, parsed.value);
}

/** The same for input that is already parsed: what a fallback gets was written for another tool. */
export function checkToolInput(tool: Tool, rawInput: Json): CheckedToolCall {
  const forbidden = findForbiddenKeys(tool.inputJsonSchema, rawInput);
  if (forbidden.length > 0) {
    return refuseInput(tool, forbidden.map(({ path, problem }) => `"${path}" ${problem}`).join('; '));
  }
  try {
    const result = tool.inputSchema.safeParse(rawInput);
    if (result.success) return { kind: 'ready', tool, rawInput, input: result.data };
    return refuseInput(tool, result.error.issues.slice(0, MAX_ISSUES).map(toIssueText).join('; '));
  } catch (error) {
    return refuse('tool_failed', tool.name, `The input of "${tool.name}" could not be checked: ${messageOf(error)}`);
  }
}

function parseInput(inputJson: string): { value: Json } | { problem: string } {
  const bytes = Buffer.byteLength(inputJson);
  if (bytes > MAX_TOOL_INPUT_BYTES)
    return { problem: `it has ${bytes} bytes, at most ${MAX_TOOL_INPUT_BYTES} are allowed` };
  if (isTooDeep(inputJson)) return { problem: `it nests deeper than ${MAX_JSON_DEPTH} levels` };
  if (inputJson === '') return { value: {} };
  try {
    return { value: JSON.parse(inputJson) };
  } catch (error) {
    return { problem: `it is not valid JSON: ${messageOf(error)}` };
  }
}

function toIssueText(issue: { path: PropertyKey[]; message: string }): string {
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return path === '' ? issue.message : `"${path.replace(/^\./, '')}": ${issue.message}`;
}

function listGranted(granted: ReadonlySet<string>): string {
  return granted.size === 0 ? 'It has no tools.' : `It may use: ${[...granted].join(', ')}.`;
}

function refuseInput(tool: Tool, problem: string): CheckedToolCall {
  return refuse(
    'tool_invalid_input',
    tool.name,
    `The input of "${tool.name}" was refused and nothing ran: ${problem}.`,
  );
}

function refuse(code: Failure['code'], tool: string, message: string): CheckedToolCall {
  return { kind: 'refused', failure: createFailure(code, message, { detail: { tool } }) };
}
