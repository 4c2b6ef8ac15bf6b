import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMigrations } from './migrate.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightshift-migrations-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, header = '-- breaking: no'): Promise<void> {
  await writeFile(path.join(folder, name), `${header}\nselect 1;\n`);
}

describe('readMigrations', () => {
  it('reads them by number and accepts gaps', async () => {
    await write('0006_later.sql');
    await write('0001_first.sql', '-- breaking: yes');
    await write('schema.sql');
    const migrations = await readMigrations(folder);
    expect(migrations.map(({ version, breaking }) => [version, breaking])).toEqual([
      [1, true],
      [6, false],
    ]);
  });

  it('refuses a number that is used twice, and a file that does not say whether it breaks', async () => {
    await write('0002_one.sql');
    await write('0002_two.sql');
    await expect(readMigrations(folder)).rejects.toThrow('0002_one.sql and 0002_two.sql have one number');
    await rm(path.join(folder, '0002_two.sql'));
    await write('0003_silent.sql', '-- a comment');
    await expect(readMigrations(folder)).rejects.toThrow('breaking: yes');
  });
});
