import type { Pool } from '../../../../packages/store/src/index.ts';
import type { Weaknesses } from '../weaknesses.ts';
import { STATEMENTS } from './statements.ts';
import { createTables, type Tables } from './tables.ts';

/** The model without a world around it: every statement is over at once. Heads can be held, as by another transaction. */
export class ModelPool {
  readonly tables: Tables = createTables();
  readonly held = new Set<string>();
  readonly pool: Pool;

  constructor(weak: Weaknesses = {}) {
    const query = async ({ name, values }: { name: string; values: unknown[] }) => {
      const statement = STATEMENTS.get(name);
      if (!statement) throw new Error(`the model does not know the statement ${name}`);
      const isLocked = (taskId: string) => this.held.has(taskId);
      const snapshot = { tables: this.tables, now: Date.now(), weak, isLocked, isLockHeld: () => false };
      const executed = statement(snapshot, values);
      if (executed === 'blocked') throw new Error(`${name} waits for a head that is held`);
      executed.commit();
      return { rows: executed.rows };
    };
    this.pool = { query } as unknown as Pool;
  }
}
