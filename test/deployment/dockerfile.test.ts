import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listWorkspaces, PROJECT_ROOT, readProjectFile } from '../architecture/project-files.ts';
import { parseDockerfile } from './parse-dockerfile.ts';

const text = readProjectFile('Dockerfile');
const stages = parseDockerfile(text);
const runtime = stages.at(-1);
const ignored = readProjectFile('.dockerignore').split('\n');

describe('the Dockerfile', () => {
  it('builds every stage on the same slim image of Node 20', () => {
    expect(new Set(stages.map((stage) => stage.base))).toEqual(new Set(['node:20-bookworm-slim']));
    expect(stages.length).toBeGreaterThan(1);
  });

  it('copies from stages that come before, and from files that exist and are not ignored', () => {
    stages.forEach((stage, index) => {
      const earlier = stages.slice(0, index).map(({ name }) => name);
      for (const { text: args } of stage.instructions.filter(({ name }) => name === 'COPY')) {
        const from = /--from=(\S+)/.exec(args)?.[1];
        if (from !== undefined) {
          expect(earlier).toContain(from);
          continue;
        }
        const sources = args.split(/\s+/).slice(0, -1);
        for (const source of sources) {
          expect(existsSync(path.join(PROJECT_ROOT, source)), source).toBe(true);
          expect(ignored).not.toContain(source);
        }
      }
    });
  });

  it('leaves the compiler, the tests and the sources out of what runs', () => {
    const stageOf = (name: string) => stages.find((stage) => stage.name === name);
    const installed =
      stageOf('dependencies')
        ?.instructions.map((each) => each.text)
        .join('\n') ?? '';
    expect(installed).toMatch(/npm ci .*--omit=dev/);
    const copied = runtime?.instructions.filter(({ name }) => name === 'COPY').map((each) => each.text) ?? [];
    expect(copied).toContain('--from=dependencies /app ./');
    expect(copied.some((args) => /^\. /.test(args))).toBe(false);
    for (const folder of ['test', 'docs', 'examples', '.git', '.nightshift', '**/node_modules', '**/dist']) {
      expect(ignored).toContain(folder);
    }
  });

  it('does not run as root', () => {
    const names = runtime?.instructions.map((each) => each.name) ?? [];
    expect(runtime?.instructions.find(({ name }) => name === 'USER')?.text).toBe('node');
    expect(names.indexOf('USER')).toBeLessThan(names.indexOf('CMD'));
    expect(names.indexOf('USER')).toBeGreaterThan(names.lastIndexOf('COPY'));
  });

  it('starts by default what there is a main.ts for, without a shell between it and its signals', () => {
    const command: string[] = JSON.parse(runtime?.instructions.find(({ name }) => name === 'CMD')?.text ?? '[]');
    expect(command).toEqual(['node', 'apps/api/dist/main.js']);
    for (const app of listWorkspaces('apps')) {
      expect(existsSync(path.join(PROJECT_ROOT, 'apps', app, 'src/main.ts')), app).toBe(true);
      expect(text).toContain(`apps/${app}/dist/main.js`);
    }
  });

  it('listens, exposes and checks the same port', () => {
    const settings = runtime?.instructions.find(({ name }) => name === 'ENV')?.text ?? '';
    const port = /\bPORT=(\d+)/.exec(settings)?.[1];
    expect(settings).toContain('HOST=0.0.0.0');
    expect(runtime?.instructions.find(({ name }) => name === 'EXPOSE')?.text).toBe(port);
    const check = runtime?.instructions.find(({ name }) => name === 'HEALTHCHECK')?.text ?? '';
    expect(check).toContain(['http://127.0.0.1:$', '{process.env.PORT}/readyz'].join(''));
    expect(readProjectFile('apps/api/src/probes.ts')).toContain("'/readyz'");
  });
});

describe('parseDockerfile', () => {
  it('joins continued lines and keeps the order', () => {
    const parsed = parseDockerfile('# a\nFROM one AS first\nRUN a \\\n    b\n\nFROM two\nCMD ["c"]\n');
    expect(parsed).toEqual([
      { name: 'first', base: 'one', instructions: [{ name: 'RUN', text: 'a  b' }] },
      { name: '', base: 'two', instructions: [{ name: 'CMD', text: '["c"]' }] },
    ]);
  });

  it('refuses what it cannot read', () => {
    expect(() => parseDockerfile('RUN before\n')).toThrow(/cannot read/);
  });
});
