import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig as readApiConfig } from '../../apps/api/src/config.ts';
import { readConfig as readCliConfig } from '../../apps/cli/src/config.ts';
import { readConfig as readWorkerConfig } from '../../apps/worker/src/config.ts';
import { chooseServices } from '../../packages/local/src/stack/choose-services.ts';
import { createMetrics } from '../../packages/telemetry/src/index.ts';
import { listSettings } from '../deployment/list-settings.ts';
import { listFiles, PROJECT_ROOT, readProjectFile } from './project-files.ts';

const PAGES = listFiles().filter((file) => /^(?:docs\/.*|[A-Z]+)\.md$/.test(file));
/** A file of the repository in backquotes: it has a folder and an ending. */
const NAMED_FILE = /`((?:packages|apps|test|docs|migrations|scripts|examples)\/[\w./-]+\.\w+)`/g;
const LINK = /\]\(([^)#:\s]+)(?:#[^)]*)?\)/g;

describe('the pages', () => {
  it.each(PAGES)('%s names and links only files that exist', (page) => {
    const text = readProjectFile(page);
    const named = [...text.matchAll(NAMED_FILE)].map((match) => match[1] ?? '');
    const linked = [...text.matchAll(LINK)].map((match) => path.posix.join(path.posix.dirname(page), match[1] ?? ''));
    const missing = [...named, ...linked].filter((file) => !existsSync(path.join(PROJECT_ROOT, file)));
    expect(missing).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  const operations = readProjectFile('docs/operations.md');

  it.each([
    ['api', listSettings(readApiConfig)],
    ['worker', listSettings(readWorkerConfig)],
    ['cli', [...new Set([...listSettings(readCliConfig), ...listSettings(chooseServices)])].sort()],
  ])('has every setting of the %s and no other', (process, settings) => {
    expect(settingsOf(operations, process)).toEqual(settings);
  });

  it('has every metric', async () => {
    const { registry } = createMetrics();
    const own = registry.getMetricsAsArray().map(({ name }) => name);
    for (const name of own.filter((each) => each.startsWith('nightshift_'))) {
      expect(operations, name).toContain(`\`${name.replace(/^nightshift_/, '')}\``);
    }
  });
});

/** The names in the first column of the rows of the settings whose second column names the process. */
function settingsOf(text: string, process: string): string[] {
  const rows = [...text.matchAll(/^\| `([A-Z0-9_]+)` \| ([a-z, ]+) \|/gm)];
  return rows
    .filter(([, , users]) => users?.split(', ').includes(process))
    .map((row) => row[1] ?? '')
    .sort();
}
