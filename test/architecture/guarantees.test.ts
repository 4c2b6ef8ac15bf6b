import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMutant } from '../../scripts/read-mutant.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MUTANTS = path.join(ROOT, 'test/faults/mutants');
const text = readFileSync(path.join(ROOT, 'docs/guarantees.md'), 'utf8');
const sections = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('.')), section.split(/^## /m)[0] ?? '']),
);
const mutants = readdirSync(MUTANTS)
  .filter((file) => file.endsWith('.patch'))
  .map((file) => readMutant(file, readFileSync(path.join(MUTANTS, file), 'utf8')));

describe('docs/guarantees.md', () => {
  it('has every invariant once, in order', () => {
    expect([...sections.keys()]).toEqual(Array.from({ length: 24 }, (_, index) => `I${index + 1}`));
  });

  it.each([...sections])('%s names a mechanism, its files and its tests, and all of them exist', (_, section) => {
    expect(section).toMatch(/^- Mechanism: /m);
    const tests = /^- Tests: ([\s\S]+?)(?=^- |(?![\s\S]))/m.exec(section)?.[1] ?? '';
    expect(tests).toMatch(/`[^`]+\.test\.ts`/);
    const named = [...section.matchAll(/`((?:packages|apps|test|migrations|scripts)\/[^`\s]+)`/g)].map(
      ([, file]) => file ?? '',
    );
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });

  it.each(mutants.map((mutant) => [mutant.name, mutant.invariant] as const))(
    'lists the mutant %s under %s',
    (name, invariants) => {
      for (const invariant of invariants.split(' ')) expect(sections.get(invariant) ?? '').toContain(`\`${name}\``);
    },
  );
});
