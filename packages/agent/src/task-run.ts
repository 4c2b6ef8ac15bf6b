import { DEFAULT_LIMITS, type Limits, type StepId } from '@nightshift/domain';
import type { TaskLog } from '@nightshift/eventlog';
import type { ClaimedTask } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';
import type { AgentDeps } from './agent-deps.ts';
import type { Agent } from './define-agent.ts';
import type { Conversation } from './fold-journal.ts';
import type { Probation } from './probation.ts';

/** One epoch of one task, from its claim to its settlement. */
export interface TaskRun {
  readonly deps: AgentDeps;
  readonly task: ClaimedTask;
  readonly agent: Agent;
  readonly limits: Required<Pick<Limits, 'max_turns' | 'max_tool_calls' | 'max_attempts'>> & Limits;
  readonly log: TaskLog;
  readonly logger: Logger;
  /** Aborts when the task must stop now: cancel, deadline, lost lease, end of the shutdown's grace. */
  readonly signal: AbortSignal;
  /** Aborts when the worker is going down: stop at the next step boundary. */
  readonly shutdown: AbortSignal;
  readonly probation: Probation;
  /** This process runs nothing else. */
  readonly isAlone: boolean;
  readonly conversation: Conversation;
  /** Measured tokens per estimated token, from the last turn. */
  calibration: number;
  /** Lowered after the provider said that the window was exceeded. */
  contextUtilization: number;
}

/** A turn that is being taken: its number, and the step it will be. */
export interface StartedTurn {
  readonly turn: number;
  readonly stepId: StepId;
  readonly startedAt: Date;
}

/** The limits of a task: its own, else the agent's, else the defaults. */
export function toLimits(agent: Agent, own: Limits): TaskRun['limits'] {
  return { ...DEFAULT_LIMITS, ...agent.limits, ...own };
}
