import { describe, expect, it } from 'vitest';
import { type ChildExit, judgeChild } from './judge-child.ts';

const exit = (change: Partial<ChildExit>): ChildExit => ({
  exitCode: 0,
  signal: null,
  farewell: undefined,
  treatment: { kind: 'none' },
  stderr: '',
  ...change,
});

describe('judgeChild', () => {
  it.each<[string, Partial<ChildExit>, string, RegExp]>([
    ['a signal', { exitCode: null, signal: 'SIGKILL' }, 'guilty', /killed by SIGKILL/u],
    ['an exit code', { exitCode: 75 }, 'guilty', /exited with code 75/u],
    ['an exit with 0 that it did not announce', {}, 'guilty', /code 0/u],
    [
      'no memory',
      { exitCode: null, signal: 'SIGABRT', stderr: 'FATAL ERROR: JavaScript heap out of memory' },
      'guilty',
      /ran out of memory \(SIGABRT\)/u,
    ],
    [
      'silence',
      { exitCode: null, signal: 'SIGKILL', treatment: { kind: 'silent', silentMs: 15_000 } },
      'guilty',
      /did not turn for 15 s/u,
    ],
    ['an announced end', { farewell: 'returned' }, 'returned', /./u],
    ['a lost lease', { exitCode: 75, farewell: 'lost' }, 'lost', /./u],
    ['a kill by its parent', { exitCode: null, signal: 'SIGKILL', treatment: { kind: 'killed' } }, 'returned', /./u],
    ['a death while its parent goes down', { exitCode: 1, treatment: { kind: 'told_to_stop' } }, 'lost', /./u],
  ])('after %s', (_what, change, end, detail) => {
    const judgement = judgeChild(exit(change), 'w1');
    expect(judgement.end).toBe(end);
    expect(judgement.detail).toMatch(detail);
    expect(judgement.death).toMatchObject({ alone: true, worker: 'w1', detail: judgement.detail });
  });
});
