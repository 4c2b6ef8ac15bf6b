import { createFailure, type Failure } from '@nightshift/domain';

/** Thrown by a tool when the task cannot go on whatever the model does: the outcome is `fatal` and fails the task. */
export class FatalToolError extends Error {
  override readonly name = 'FatalToolError';

  toFailure(tool: string): Failure {
    return createFailure('tool_fatal', this.message, { detail: { tool } });
  }
}
