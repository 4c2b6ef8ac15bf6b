import type { EffectClass } from '@nightshift/domain';
import type { ToolAnnotations } from './define-tool.ts';

/**
 * What a new epoch may do with a call that was started and not recorded (GUARANTEES.md 1.3.4): read-only tools run again,
 * idempotent ones run again with the same key, and a tool that claims neither never does.
 */
export function toEffectClass(annotations: ToolAnnotations): EffectClass {
  if (annotations.readOnlyHint === true) return 'pure';
  return annotations.idempotentHint === true ? 'keyed' : 'unsafe';
}
