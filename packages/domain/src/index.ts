export { assertNever, InvariantError, invariant, must } from './assert.ts';
export { EFFECT_CLASSES, type EffectClass, mayRunAgain } from './effect-class.ts';
export {
  EVENT_TYPES,
  type EventType,
  FINAL_EVENT_TYPES,
  isEventType,
  isFinalEventType,
  type NewEvent,
  type Visibility,
  visibilityOf,
} from './event.ts';
export { type EventLine, toEventLine, toVisibilityMask } from './event-line.ts';
export { createFailure, type Failure, FailureError, type FailureOptions, failWith, messageOf } from './failure.ts';
export {
  FAILURE_CODES,
  type FailureCode,
  type FailureCodeRow,
  type FailureOrigin,
  isFailureCode,
} from './failure-codes.ts';
export {
  type ArtifactId,
  type BatchId,
  createId,
  type DeadLetterId,
  type FileId,
  fromUuid,
  ID_PREFIXES,
  type Id,
  type IdPrefix,
  type Incarnation,
  isId,
  type KeyId,
  type StepId,
  type TaskId,
  type TenantId,
  toUuid,
} from './ids.ts';
export {
  isTooDeep,
  type Json,
  type JsonObject,
  MAX_JSON_DEPTH,
  toCanonicalJson,
  toJsonText,
  toSafeText,
} from './json.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export {
  type CrashRecord,
  ISOLATING_SUSPICION,
  isCondemned,
  MAX_GUILT,
  MAX_GUILTY_SUSPICION,
  MAX_SUSPICION,
} from './poison-limits.ts';
export { REPLAY_MODES, type ReplayMode } from './replay-mode.ts';
export {
  decideRetry,
  MAX_RETRY_AFTER_MS,
  RETRY_STOPPED,
  type RetryDecision,
  type RetryInput,
  type RetryPolicy,
  type RetryStopped,
} from './retry-decision.ts';
export {
  FINAL_STATUSES,
  type FinalStatus,
  isFinal,
  STATUS_TRANSITIONS,
  STATUSES,
  STOP_REASONS,
  type Status,
  type StopReason,
  statusesThatMayBecome,
  WAITING_FOR,
  type WaitingFor,
} from './status.ts';
export { addUsage, NO_USAGE, type Usage } from './usage.ts';
