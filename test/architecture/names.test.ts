import { describe, expect, it } from 'vitest';
import { listFiles } from './project-files.ts';

/** Words that say nothing: whatever would go there has a name of its own. */
const BUCKETS: ReadonlySet<string> = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'types',
  'interfaces',
  'manager',
  'service',
]);
/** `claim-tasks.ts`, `flush-tasks.sql.ts`, `take-turn.test.ts`. */
const KEBAB_FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)+$/;
const KEBAB_FOLDER = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

const CODE_FOLDERS = ['packages', 'apps', 'test', 'scripts', 'examples/make-documents'];
const files = CODE_FOLDERS.flatMap((folder) => listFiles(folder)).filter((file) =>
  /\.(?:ts|mjs|js|lua|json)$/.test(file),
);

describe('the name of a file of code', () => {
  it('is in kebab-case, as are its folders', () => {
    const wrong = files.filter((file) => {
      const folders = file.split('/');
      const name = folders.pop() ?? '';
      return !KEBAB_FILE.test(name) || folders.some((folder) => !KEBAB_FOLDER.test(folder));
    });
    expect(wrong).toEqual([]);
  });

  it('says what is in it, as do its folders', () => {
    const wrong = files.filter((file) =>
      file
        .split('/')
        .some(
          (part) =>
            BUCKETS.has(part) || BUCKETS.has(part.split('.')[0] ?? '') || /-(?:manager|utils?|helpers?)\b/.test(part),
        ),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the name of a migration', () => {
  it('is a number and words', () => {
    const wrong = listFiles('migrations').filter(
      (file) => !/^migrations\/(?:\d{4}_[a-z0-9_]+|schema)\.sql$/.test(file),
    );
    expect(wrong).toEqual([]);
  });
});
