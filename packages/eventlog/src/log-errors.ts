/** The epoch of the task is over: another worker has it, or it was settled by force. Whoever gets this stops silently. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
  constructor(taskId: string, epoch: number) {
    super(`epoch ${epoch} of ${taskId} is over`);
  }
}

/** The database refuses what was to be written, for good. The task has to fail; its neighbours are not touched. */
export class WriteRefusedError extends Error {
  override readonly name = 'WriteRefusedError';
}
