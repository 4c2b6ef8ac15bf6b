import type { EffectClass } from '@nightshift/domain';
import type { ToolDefinition } from './define-tool.ts';
import { ToolDefinitionError } from './errors/tool-definition-error.ts';

type EffectDeclaration = Pick<ToolDefinition, 'name' | 'annotations' | 'effect' | 'verify' | 'onUnknownOutcome'>;

/**
 * What a new epoch may do with a call that was started and not recorded (GUARANTEES.md 1.3.4): the one class that a
 * definition declares, `unsafe` when it declares none. Throws a ToolDefinitionError when it declares several that say
 * different things, or a policy for unknown outcomes that its calls can never have.
 */
export function toEffectClass(definition: EffectDeclaration): EffectClass {
  const { name, annotations, effect, verify, onUnknownOutcome } = definition;
  const refuse = (field: string, problem: string) => new ToolDefinitionError(name, field, problem);
  if (effect !== undefined && effect !== 'transaction') {
    throw refuse('effect', `must be "transaction" or left out, got ${JSON.stringify(effect)}`);
  }
  if (verify !== undefined && (typeof verify !== 'function' || verify.length < 1)) {
    throw refuse(
      'verify',
      'must be a function of the idempotency key: without it, it cannot tell one call from another',
    );
  }
  const declared: [EffectClass, string][] = [];
  if (annotations?.readOnlyHint === true) declared.push(['pure', 'annotations.readOnlyHint']);
  else if (annotations?.idempotentHint === true) declared.push(['keyed', 'annotations.idempotentHint']);
  if (effect === 'transaction') declared.push(['transaction', 'effect: "transaction"']);
  if (verify !== undefined) declared.push(['verifiable', 'verify']);
  const [first, second] = declared;
  if (first && second) {
    throw refuse(second[1], `contradicts ${first[1]}: a tool is either ${first[0]} or ${second[0]}`);
  }
  const effectClass = first?.[0] ?? 'unsafe';
  if (onUnknownOutcome === undefined) return effectClass;
  if (onUnknownOutcome !== 'tell_model' && onUnknownOutcome !== 'fail') {
    throw refuse('onUnknownOutcome', `must be "tell_model" or "fail", got ${JSON.stringify(onUnknownOutcome)}`);
  }
  if (effectClass !== 'unsafe' && effectClass !== 'verifiable') {
    throw refuse('onUnknownOutcome', `is for tools whose outcome can be unknown; this one is ${effectClass}`);
  }
  return effectClass;
}
