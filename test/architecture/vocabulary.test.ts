import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EVENT_TYPES,
  FINAL_STATUSES,
  isFinal,
  STATUS_TRANSITIONS,
  STATUSES,
  STOP_REASONS,
  statusesThatMayBecome,
  WAITING_FOR,
} from '../../packages/domain/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { readProjectFile } from './project-files.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

describe('the words of the domain', () => {
  it('for a status are those the database allows', async () => {
    expect(await allowedBy('task_heads_status')).toEqual([...STATUSES].sort());
  });

  it('for what a task waits for are those the database allows', async () => {
    expect(await allowedBy('tasks_waiting_for')).toEqual([...WAITING_FOR].sort());
  });

  it('for the transitions use statuses only, and only a replay leaves a final one', () => {
    for (const [from, targets] of Object.entries(STATUS_TRANSITIONS)) {
      for (const to of targets) expect(STATUSES, `${from} -> ${to}`).toContain(to);
    }
    for (const status of FINAL_STATUSES) expect(STATUS_TRANSITIONS[status]).toEqual(['queued']);
    expect(STATUSES.filter(isFinal)).toEqual([...FINAL_STATUSES]);
    expect(statusesThatMayBecome('running')).toEqual(['queued']);
  });
});

describe('docs/protocol.md', () => {
  const protocol = readProjectFile('docs/protocol.md');

  it('describes every type of event and no other', () => {
    const chapter = protocol.slice(protocol.indexOf('\n## 2. Events'), protocol.indexOf('\n## 3.'));
    const described = [...chapter.matchAll(/^\| `([a-z]+(?:\.[a-z_]+)?)` \|/gm)].map((match) => match[1]);
    expect(described.sort()).toEqual([...EVENT_TYPES].sort());
  });

  it('names every status, reason to wait and reason to stop', () => {
    for (const word of [...STATUSES, ...WAITING_FOR, ...STOP_REASONS]) expect(protocol).toContain(`\`${word}\``);
  });
});

/** The values of a CHECK constraint of the form `column in ('a', 'b')`, sorted. */
async function allowedBy(constraint: string): Promise<string[]> {
  const found = await client.query<{ definition: string }>(
    'select pg_get_constraintdef(oid) as definition from pg_constraint where conname = $1',
    [constraint],
  );
  expect(found.rows, `constraint ${constraint}`).toHaveLength(1);
  return [...(found.rows[0]?.definition ?? '').matchAll(/'([a-z_]+)'/g)].map((match) => match[1] ?? '').sort();
}
