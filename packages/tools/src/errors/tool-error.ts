import { createFailure, type Failure, type FailureCode } from '@nightshift/domain';

/**
 * Thrown by a tool to tell the model something: a page that does not exist, a query without sense. The content goes to
 * the model as an error result; the call is not retried and no fallback runs, because trying again changes nothing.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly code: FailureCode;

  /** `content` is for the model: what was wrong and what would work. The code is for operators and for the agent. */
  constructor(content: string, options: ErrorOptions & { code?: FailureCode } = {}) {
    const { code, ...rest } = options;
    super(content, rest);
    this.code = code ?? 'tool_rejected';
  }

  toFailure(tool: string): Failure {
    return createFailure(this.code, this.message, { retryable: false, detail: { tool } });
  }
}
