import { assertCount, assertDurationMs, checkBreakerOptions } from '@nightshift/resilience';
import type { ToolDefinition } from './define-tool.ts';
import { ToolDefinitionError } from './errors/tool-definition-error.ts';

const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** setTimeout fires at once for anything longer. */
const MAX_TOOL_TIMEOUT_MS = 2 ** 31 - 1;

const MAX_TOOL_ATTEMPTS = 20;

/** Throws a ToolDefinitionError naming the tool, the field and the value unless the definition can be run. */
export function assertToolDefinition(definition: ToolDefinition): void {
  const { name } = definition;
  const refuse = (field: string, problem: string) => new ToolDefinitionError(String(name), field, problem);
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw refuse('name', `must match ${NAME.source}, got ${JSON.stringify(name)}`);
  }
  for (const field of ['description', 'version'] as const) {
    if (typeof definition[field] !== 'string' || definition[field].trim() === '') {
      throw refuse(field, `must be a text that is not empty, got ${JSON.stringify(definition[field])}`);
    }
  }
  if (typeof definition.execute !== 'function') throw refuse('execute', 'must be a function');
  for (const [index, fallback] of (definition.fallback ?? []).entries()) {
    if (!NAME.test(fallback)) throw refuse(`fallback[${index}]`, `must be the name of a tool, got "${fallback}"`);
    if (fallback === name) throw refuse(`fallback[${index}]`, 'must be another tool than itself');
  }
  try {
    assertTimings(definition);
  } catch (error) {
    if (error instanceof RangeError) throw refuse('options', `are out of range: ${error.message}`);
    throw error;
  }
}

function assertTimings(definition: ToolDefinition): void {
  const { timeoutMs, retry, breaker, concurrency } = definition;
  if (timeoutMs) {
    assertDurationMs('timeoutMs.hard', timeoutMs.hard, { min: 1, max: MAX_TOOL_TIMEOUT_MS });
    if (timeoutMs.soft !== undefined) {
      assertDurationMs('timeoutMs.soft', timeoutMs.soft, { min: 1 });
      if (timeoutMs.soft >= timeoutMs.hard) {
        throw new RangeError(`timeoutMs.soft must be below timeoutMs.hard (${timeoutMs.hard}), got ${timeoutMs.soft}`);
      }
    }
  }
  if (retry?.maxAttempts !== undefined) {
    assertCount('retry.maxAttempts', retry.maxAttempts, { min: 1, max: MAX_TOOL_ATTEMPTS });
  }
  if (retry?.minTimeoutMs !== undefined) assertDurationMs('retry.minTimeoutMs', retry.minTimeoutMs, { min: 0 });
  if (retry?.maxTimeoutMs !== undefined) assertDurationMs('retry.maxTimeoutMs', retry.maxTimeoutMs, { min: 0 });
  if (retry?.factor !== undefined && !(retry.factor >= 1 && Number.isFinite(retry.factor))) {
    throw new RangeError(`retry.factor must be a number of at least 1, got ${String(retry.factor)}`);
  }
  if (breaker) {
    if (breaker.key.trim() === '') throw new RangeError('breaker.key must not be empty');
    checkBreakerOptions(breaker);
  }
  if (concurrency) assertCount('concurrency.perWorker', concurrency.perWorker, { min: 1 });
}
