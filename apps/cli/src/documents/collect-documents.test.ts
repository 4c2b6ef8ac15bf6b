import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../arguments/usage-error.ts';
import { collectDocuments } from './collect-documents.ts';

let cwd: string;
let warnings: string[];

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'nightshift-documents-'));
  warnings = [];
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function write(path: string, text = 'text'): void {
  mkdirSync(join(cwd, path, '..'), { recursive: true });
  writeFileSync(join(cwd, path), text);
}

function collect(...paths: string[]) {
  return collectDocuments({ paths, cwd, warn: (message) => warnings.push(message) });
}

async function idsOf(...paths: string[]): Promise<string[]> {
  return (await collect(...paths)).map(({ customId }) => customId);
}

describe('collectDocuments', () => {
  it('lists a folder with the folders in it, without what is hidden', async () => {
    for (const path of ['papers/b.pdf', 'papers/2026/a.eml', 'papers/.git/config', 'papers/.DS_Store']) write(path);
    expect(await idsOf('papers')).toEqual(['2026/a.eml', 'b.pdf']);
  });

  it('describes a file', async () => {
    write('Rechnung Nr. 7.PDF', '12345');
    expect(await collect('Rechnung Nr. 7.PDF')).toEqual([
      {
        path: join(cwd, 'Rechnung Nr. 7.PDF'),
        customId: 'Rechnung Nr. 7.PDF',
        name: 'Rechnung Nr. 7.PDF',
        mediaType: 'application/pdf',
        bytes: 5,
      },
    ]);
  });

  it('tells files of the same name apart, and takes a file once that is given twice', async () => {
    for (const path of ['one/a.md', 'two/a.md', 'a.md']) write(path);
    expect(await idsOf('one', 'two', 'a.md', 'a.md', 'one/a.md')).toEqual(['one/a.md', 'two/a.md', 'a.md']);
    expect(await idsOf('one/a.md', 'two/a.md')).toEqual(['a.md', 'a.md (2)']);
  });

  it('follows links but not in circles, and leaves out what would never end', async () => {
    write('papers/a.md');
    symlinkSync('.', join(cwd, 'papers/again'));
    symlinkSync('nowhere', join(cwd, 'papers/broken'));
    execFileSync('mkfifo', [join(cwd, 'papers/pipe')]);
    expect(await idsOf('papers')).toEqual(['a.md']);
    expect(warnings).toHaveLength(2);
    await expect(collect('papers/pipe')).rejects.toThrow(UsageError);
  });

  it('leaves out a link that leads nowhere when it is among the files given', async () => {
    write('a.md');
    symlinkSync('nowhere', join(cwd, 'broken.md'));
    expect(await idsOf('a.md', 'broken.md')).toEqual(['a.md']);
    expect(warnings).toEqual([`${join(cwd, 'broken.md')} is left out: it cannot be found`]);
  });

  it('refuses a path that does not exist, and a folder without files', async () => {
    mkdirSync(join(cwd, 'empty'));
    write('a.md');
    await expect(collect('a.md', 'b.md')).rejects.toThrow('b.md does not exist');
    await expect(collect('a.md/b.md')).rejects.toThrow(UsageError);
    await expect(collect('empty')).rejects.toThrow('there are no files in empty');
  });
});
