import type { Failure, Json, NewEvent, Visibility } from '@nightshift/domain';
import { messageOf } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import type { FailedEnd } from './call-with-retries.ts';
import { describeFailure, describePassedOver } from './describe-failure.ts';
import { toModelContent } from './to-model-content.ts';
import { toFailureData, toToolEvent } from './tool-event.ts';
import type { ModelText, OutcomeOfAnyKind, ToolOutcome } from './tool-outcome.ts';
import type { ToolRun } from './tool-run.ts';

/** A tool of the chain that did not do it, and why: told to the model with the result of the next one. */
export interface PassedOver {
  readonly tool: Tool;
  readonly failure: Failure;
}

/** Output beyond this is in the step, and the event says how big it is. */
const MAX_EVENT_OUTPUT_BYTES = 32_000;

export function buildCompleted(
  run: ToolRun,
  tool: Tool,
  { output, parsed }: { output: Json; parsed: unknown },
  passedOver: readonly PassedOver[],
): ToolOutcome {
  const content = toModelBlocks(run, tool, { output, parsed, partial: false });
  const ending = toEnding(run, tool, [...describePassedOver(passedOver), ...content], false);
  return { ...ending, kind: 'completed', output, finalEvents: toResultEvents(run, tool, ending, { output }) };
}

export function buildPartial(
  run: ToolRun,
  tool: Tool,
  { output, failure }: { output: Json; failure: Failure },
  passedOver: readonly PassedOver[],
): ToolOutcome {
  const checked = parsePartial(tool, output);
  const content = checked.matches
    ? toModelBlocks(run, tool, { output, parsed: checked.parsed, partial: true })
    : toJsonBlocks(output);
  const note = toBlocks(`This result of "${tool.name}" is partial: ${failure.message} (${failure.code}).`);
  const ending = toEnding(run, tool, [...describePassedOver(passedOver), ...note, ...content], false);
  return {
    ...ending,
    kind: 'partial',
    output,
    failure,
    finalEvents: toResultEvents(run, tool, ending, { output, failure }),
  };
}

export function buildFailed(run: ToolRun, tool: Tool, end: FailedEnd, passedOver: readonly PassedOver[]): ToolOutcome {
  const content = toBlocks(describeFailure(tool, end, run.attempts));
  const ending = toEnding(run, tool, [...describePassedOver(passedOver), ...content], true);
  const { failure } = end;
  const kind = end.timedOut ? 'timed_out' : 'failed';
  const data = { tool: run.prepared.tool.name, outcome: kind, failure: toFailureData(failure), ...toNumbers(ending) };
  const finalEvents = [toToolEvent(run.scope, 'tool.failed', data)];
  if (kind === 'timed_out') return { ...ending, kind, failure, finalEvents };
  return { ...ending, kind, failure, fatal: end.intent === 'fatal', finalEvents };
}

type Ending = Omit<OutcomeOfAnyKind, 'finalEvents'>;

function toEnding(run: ToolRun, tool: Tool, content: readonly ModelText[], isError: boolean): Ending {
  return {
    modelContent: toModelContent(content),
    isError,
    attempts: run.attempts,
    ranTool: tool.name,
    durationMs: Math.max(0, run.deps.now() - run.startedAt),
  };
}

/** The raw output is for developers; everybody sees it only when the tool says so. */
function toResultEvents(
  run: ToolRun,
  tool: Tool,
  ending: Ending,
  result: { output: Json; failure?: Failure },
): NewEvent[] {
  const name = run.prepared.tool.name;
  const shown = toShownOutput(result.output);
  const outcome = result.failure ? { partial: true, failure: toFailureData(result.failure) } : { partial: false };
  const seenBy: Visibility = tool.visibility.output;
  return [
    toToolEvent(run.scope, 'tool.output', { tool: name, ran_tool: tool.name, ...shown }),
    toToolEvent(run.scope, 'tool.completed', {
      tool: name,
      ...outcome,
      ...toNumbers(ending),
      ...(seenBy === 'user' ? shown : {}),
    }),
  ];
}

function toNumbers(ending: Ending): { ran_tool: string; attempts: number; duration_ms: number } {
  return { ran_tool: ending.ranTool, attempts: ending.attempts, duration_ms: ending.durationMs };
}

function toShownOutput(output: Json): { output: Json } | { output_bytes: number } {
  const bytes = Buffer.byteLength(JSON.stringify(output));
  return bytes <= MAX_EVENT_OUTPUT_BYTES ? { output } : { output_bytes: bytes };
}

function toModelBlocks(
  run: ToolRun,
  tool: Tool,
  { output, parsed, partial }: { output: Json; parsed: unknown; partial: boolean },
): ModelText[] {
  if (!tool.toModelOutput) return toJsonBlocks(output);
  try {
    const said = tool.toModelOutput({ output: parsed, partial });
    return typeof said === 'string' ? toBlocks(said) : said.map(({ text }) => ({ type: 'text', text: String(text) }));
  } catch (error) {
    run.scope.log.warn({ tool: tool.name, error: messageOf(error) }, 'toModelOutput threw; the model gets the JSON');
    return toJsonBlocks(output);
  }
}

/** A partial result need not be of the output's shape; only when it is, the tool can put it into words. */
function parsePartial(tool: Tool, output: Json): { matches: true; parsed: unknown } | { matches: false } {
  try {
    const result = tool.outputSchema.safeParse(output);
    return result.success ? { matches: true, parsed: result.data } : { matches: false };
  } catch {
    return { matches: false };
  }
}

function toJsonBlocks(output: Json): ModelText[] {
  return toBlocks(typeof output === 'string' ? output : JSON.stringify(output));
}

function toBlocks(text: string): ModelText[] {
  return [{ type: 'text', text }];
}
