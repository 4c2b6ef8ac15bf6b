/** Thrown into a tool that goes on using its context after its call has ended: on a timeout, on cancel, or returned. */
export class ToolCallOverError extends Error {
  override readonly name = 'ToolCallOverError';

  constructor(tool: string) {
    super(`the call of "${tool}" is over: its context cannot be used any more`);
  }
}
