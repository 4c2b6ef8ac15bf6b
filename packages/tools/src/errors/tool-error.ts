import { createFailure, type Failure } from '@nightshift/domain';

/**
 * Thrown by a tool to tell the model something: a page that does not exist, a query without sense. The content goes to
 * the model as an error result; the call is not retried and no fallback runs, because trying again changes nothing.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError';

  /** `content` is for the model: what was wrong and what would work. */
  toFailure(tool: string): Failure {
    return createFailure('tool_rejected', this.message, { detail: { tool } });
  }
}
