import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { callWithFailpoints, reachFailpoint, setFailpoints } from './failpoint.ts';
import { createFailpoints, parseFailpoints } from './failpoint-plan.ts';

afterEach(() => setFailpoints(undefined));

const toLoss = () => new Error('connection lost');

describe('parseFailpoints', () => {
  it('reads points, hits, actions and the file of counts', () => {
    expect(
      parseFailpoints('store.flush-tasks.after=kill@3;model.event.message_stop=delay:50;count=/a/b;x=throw'),
    ).toEqual({
      faults: [
        { point: 'store.flush-tasks.after', hit: 3, action: { kind: 'kill' } },
        { point: 'model.event.message_stop', hit: 1, action: { kind: 'delay', delayMs: 50 } },
        { point: 'x', hit: 1, action: { kind: 'throw' } },
      ],
      countFile: '/a/b',
    });
  });

  it.each(['a', 'a=b', 'a=kill@', '=throw', 'a=delay'])('refuses %j', (text) => {
    expect(() => parseFailpoints(text)).toThrow(`not a failpoint: "${text}"`);
  });
});

describe('callWithFailpoints', () => {
  it('only calls while nothing is set', async () => {
    await expect(callWithFailpoints('a', async () => 7, toLoss)).resolves.toBe(7);
    expect(reachFailpoint('a', toLoss)).toBeUndefined();
  });

  it('throws before the call, or after it was done, once, at the hit that is named', async () => {
    let calls = 0;
    const call = () => callWithFailpoints('a', async () => ++calls, toLoss);
    const told: string[] = [];
    setFailpoints(createFailpoints(parseFailpoints('a.before=throw@2;a.after=throw@2'), (point) => told.push(point)));
    await expect(call()).resolves.toBe(1);
    await expect(call()).rejects.toThrow('connection lost');
    expect(calls).toBe(1);
    await expect(call()).rejects.toThrow('connection lost');
    expect(calls).toBe(2);
    await expect(call()).resolves.toBe(3);
    expect(told).toEqual(['a.before', 'a.after']);
  });

  it('writes every point down at once', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'nightshift-points-'));
    const file = path.join(folder, 'points');
    setFailpoints(createFailpoints(parseFailpoints(`count=${file}`)));
    await callWithFailpoints('a', async () => reachFailpoint('b', toLoss), toLoss);
    expect(readFileSync(file, 'utf8')).toBe('a.before\nb\na.after\n');
    rmSync(folder, { recursive: true });
  });

  it('kills the process where it says', () => {
    const modules = ['failpoint', 'failpoint-plan'].map((name) => new URL(`../dist/${name}.js`, import.meta.url).href);
    const script = `
      import { callWithFailpoints, setFailpoints } from '${modules[0]}';
      import { createFailpoints, parseFailpoints } from '${modules[1]}';
      setFailpoints(createFailpoints(parseFailpoints('a.after=kill')));
      await callWithFailpoints('a', async () => process.stdout.write('called'), () => new Error());
      process.stdout.write(' and survived');`;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(result).toMatchObject({ signal: 'SIGKILL', stdout: 'called' });
  });
});
