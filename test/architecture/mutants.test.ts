import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMutant } from '../../scripts/read-mutant.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MUTANTS = path.join(ROOT, 'test/faults/mutants');
const files = readdirSync(MUTANTS).filter((file) => file.endsWith('.patch'));

describe('mutants', () => {
  it.each(files)('%s still applies to the sources and names tests that exist', (file) => {
    const patch = path.join(MUTANTS, file);
    const mutant = readMutant(file, readFileSync(patch, 'utf8'));
    expect(mutant.caughtBy.filter((test) => !existsSync(path.join(ROOT, test)))).toEqual([]);
    execFileSync('git', ['apply', '--check', patch], { cwd: ROOT, stdio: 'pipe' });
  });

  it('touch only the product, never a test', () => {
    for (const file of files) {
      const touched = readFileSync(path.join(MUTANTS, file), 'utf8').match(/^\+\+\+ b\/(.+)$/gm) ?? [];
      expect(touched.length).toBeGreaterThan(0);
      for (const line of touched) expect(line).toMatch(/^\+\+\+ b\/(packages|apps)\/[^/]+\/(src|lua)\//);
    }
  });
});
