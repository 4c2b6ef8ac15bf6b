import { mayRunAgain } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import type { PassedOver } from './build-outcome.ts';
import type { FailedEnd } from './call-with-retries.ts';
import type { ModelText } from './tool-outcome.ts';

/** What the model reads when a tool failed: what happened, and what it should know before it tries again. */
export function describeFailure(tool: Tool, end: FailedEnd, attempts: number): string {
  const { failure } = end;
  if (end.intent === 'rejected') return failure.message;
  const parts = [`The tool "${tool.name}" failed: ${failure.message} (${failure.code}).`];
  if (attempts > 1) parts.push(`It was tried ${attempts} times.`);
  if (isEffectUnknown(tool, end)) {
    parts.push('Whether it took effect is not known: verify that before calling it again.');
  } else if (failure.retry_after_ms !== undefined) {
    parts.push(`Do not call it again within ${Math.ceil(failure.retry_after_ms / 1000)} seconds.`);
  }
  return parts.join(' ');
}

/** A tool that must not be repeated and did not say that nothing happened. */
function isEffectUnknown(tool: Tool, end: FailedEnd): boolean {
  return end.started && end.intent === 'other' && !mayRunAgain(tool.effectClass);
}

/** Which tools of the chain did not do it, and why. */
export function describePassedOver(passedOver: readonly PassedOver[]): ModelText[] {
  return passedOver.map(({ tool, failure }) => ({
    type: 'text',
    text: `Note: "${tool.name}" could not do it: ${failure.message} (${failure.code}). Another tool was tried instead.`,
  }));
}
