import type { ReceivedFrame } from '../../support/event-stream.ts';

/** A row that a tool of class `transaction` wrote into a table of its own. */
export interface OwnRow {
  taskId: string;
  toolUseId: string;
}

const TOOL = 'write_row';

/**
 * What a tool wrote in one transaction with its result is there exactly when clients were told that the call completed,
 * and once (I8): the table is the tool's, and no part of ours.
 */
export function checkOwnRows(
  rows: readonly OwnRow[],
  transcripts: ReadonlyMap<string, readonly ReceivedFrame[]>,
): string[] {
  const problems: string[] = [];
  const unexplained = rows.map(({ taskId, toolUseId }) => `${taskId} ${toolUseId}`);
  for (const [taskId, frames] of transcripts) {
    for (const { type, data } of frames) {
      if (type !== 'tool.completed' || data.data?.tool !== TOOL) continue;
      const index = unexplained.indexOf(`${taskId} ${data.data?.tool_use_id}`);
      if (index < 0) problems.push(`${taskId} ${data.data?.tool_use_id}: completed, and its row is not there`);
      else unexplained.splice(index, 1);
    }
  }
  return [...problems, ...unexplained.map((row) => `${row}: has a row more than calls that completed`)];
}
