import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { openPool, type Pool } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { chooseSeed } from '../../support/seeded-random.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { Dice } from './dice.ts';
import { dumpModel, dumpPostgres, isSameText, toComparable } from './sql/compare-tables.ts';
import { ModelPool } from './sql/model-pool.ts';
import { chooseOperation, type Scene } from './sql/random-operations.ts';
import type { Weaknesses } from './weaknesses.ts';

const SEQUENCES = 3;
/** A weakness has to show within so many sequences. */
const MAX_SEQUENCES_UNTIL_DIFFERENT = 15;
const OPERATIONS = 150;
const MAX_TASKS = 4;

const firstSeed = chooseSeed();
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 3, log: createSilentLogger() });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** The same random sequence against both. Returns the first difference. */
async function compareSequence(seed: number, weak: Weaknesses = {}): Promise<string | undefined> {
  await pool.query(
    'truncate tasks, task_heads, task_events, task_steps, task_runs, workers, idempotency_keys, dead_letters cascade',
  );
  const dice = new Dice(seed);
  const model = new ModelPool(weak);
  const scene: Scene = { tenantId: createId('tenant'), taskIds: [], incarnations: [], tables: model.tables };
  const done: string[] = [];
  for (let i = 0; i < OPERATIONS; i++) {
    const operation = chooseOperation(dice, scene);
    if (operation.name === 'insert' && model.tables.tasks.size >= MAX_TASKS) continue;
    const held = dice.chance(0.1) ? dice.pick(scene.taskIds) : undefined;
    if (held !== undefined && operation.waitsFor.includes(held)) continue;
    const [real, modelled] = await whileHeld(model, held, async () => [
      toComparable(await operation.run(pool)),
      toComparable(await operation.run(model.pool)),
    ]);
    done.push(held === undefined ? operation.name : `${operation.name} (held)`);
    const where = `seed ${seed} after ${done.slice(-15).join(', ')}`;
    const answers = differ(where, JSON.stringify(real), JSON.stringify(modelled));
    if (answers) return answers;
    const tables = compareDumps(where, await dumpPostgres(pool), dumpModel(model.tables));
    if (tables) return tables;
  }
  return undefined;
}

function compareDumps(where: string, real: Record<string, string[]>, modelled: Record<string, string[]>) {
  for (const table of Object.keys(real)) {
    const rows = real[table] ?? [];
    const others = modelled[table] ?? [];
    for (let i = 0; i < Math.max(rows.length, others.length); i++) {
      const difference = differ(`${where}: ${table}`, rows[i] ?? 'no row', others[i] ?? 'no row');
      if (difference) return difference;
    }
  }
  return undefined;
}

function differ(where: string, real: string, modelled: string): string | undefined {
  return isSameText(real, modelled) ? undefined : `${where}\nPostgres: ${real}\nmodel:    ${modelled}`;
}

/** Another transaction has the head meanwhile. */
async function whileHeld<T>(model: ModelPool, taskId: TaskId | undefined, work: () => Promise<T>): Promise<T> {
  if (taskId === undefined) return work();
  const holder = await pool.connect();
  model.held.add(toUuid(taskId));
  try {
    await holder.query('begin');
    await holder.query('select 1 from task_heads where task_id = $1 for no key update', [toUuid(taskId)]);
    return await work();
  } finally {
    model.held.delete(toUuid(taskId));
    await holder.query('rollback');
    holder.release();
  }
}

describe('the model of our statements', () => {
  it('answers and writes what Postgres does, for random sequences', { timeout: 240_000 }, async () => {
    for (let i = 0; i < SEQUENCES; i++) expect(await compareSequence(firstSeed + i)).toBeUndefined();
  });

  const weaknesses = ['noFence', 'noFlushNo', 'noVoid', 'settledRewritten', 'cancelIgnored', 'cancelAlways'] as const;
  it.each(weaknesses)('differs from Postgres when it is made weak by %s', { timeout: 120_000 }, async (weakness) => {
    for (let i = 0; i < MAX_SEQUENCES_UNTIL_DIFFERENT; i++) {
      if ((await compareSequence(firstSeed + i, { [weakness]: true })) !== undefined) return;
    }
    expect.fail('no difference was found');
  });
});
