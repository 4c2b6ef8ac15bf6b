import { FailureError, failWith, messageOf, type NewEvent, toEventLine } from '@nightshift/domain';
import { FencedError } from '@nightshift/eventlog';
import { openTransaction, type StepRow, settleCall, type Transaction } from '@nightshift/store';
import type { ToolDatabase, ToolTransaction } from '@nightshift/tools';
import type { TaskRun } from './task-run.ts';
import { TransactionRefusedError } from './transaction-refused-error.ts';

/** The end of the transaction is the journaled result: a tool that ended it before would have written for good. */
const TRANSACTION_CONTROL =
  /^(?:\s|;|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/**
 * The transaction of one tool call (GUARANTEES.md 1.3.4): what the tool writes, its journaled result and the events of its
 * end commit together, fenced by the epoch, or not at all.
 */
export class CallTransaction implements ToolTransaction {
  readonly #run: TaskRun;
  #opened: Promise<Transaction> | undefined;
  #isCommitted = false;

  constructor(run: TaskRun) {
    this.#run = run;
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  async open(): Promise<ToolDatabase> {
    this.#opened ??= openTransaction(this.#run.deps.toolPool);
    const { db } = await this.#opened;
    return {
      async query<Row extends object>(text: string, values: readonly unknown[] = []) {
        if (TRANSACTION_CONTROL.test(text)) {
          const message =
            'The transaction of a tool call ends with the call: statements that begin or end one are refused.';
          throw failWith('tool_failed', message, { retryable: false });
        }
        // The extended protocol takes one statement a query.
        const result = await db.query<Row>({ text, values: [...values], queryMode: 'extended' } as never);
        return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 };
      },
    };
  }

  async rollBack(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.then((transaction) => transaction.rollBack()).catch(() => undefined); // it never began
  }

  /**
   * Commits with the settled step and its events. Rejects with FencedError when the epoch is over;
   * with TransactionRefusedError when Postgres refuses what the tool wrote; with `storage_unavailable` when it is not known whether the commit came through: the head stays locked until Postgres has
   * decided, so that whoever settles or claims the task next finds the step done, or nothing written.
   */
  async commit(step: StepRow, events: readonly NewEvent[]): Promise<void> {
    const { log, task } = this.#run;
    const transaction = await this.#opened;
    if (!transaction) return;
    // The tool's own doing, and the same in every try: taken for an outage it would be repeated for ever.
    if (transaction.isTimedOut)
      throw new TransactionRefusedError('Postgres had ended the transaction, which idled too long');
    // What the call told before its end stands before it. Not after the head's lock: the flush needs it.
    await log.commit({});
    try {
      const lines = events.map((event) => toEventLine(event, task.epoch, new Date(this.#run.deps.now())));
      const row = await settleCall(transaction.db, { taskId: task.taskId, epoch: task.epoch, step, events: lines });
      if (!row) throw new FencedError(task.taskId, task.epoch);
      await transaction.commit();
      this.#isCommitted = true;
      log.noteWritten(row);
    } catch (thrown) {
      if (thrown instanceof FailureError || thrown instanceof FencedError) throw thrown;
      throw new TransactionRefusedError(messageOf(thrown), { cause: thrown });
    } finally {
      await this.rollBack();
    }
  }
}
