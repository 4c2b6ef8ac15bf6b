import { describe, expect, it } from 'vitest';
import { parseArguments } from './parse-arguments.ts';
import { UsageError } from './usage-error.ts';

const UP = {
  command: 'up',
  paths: [],
  once: false,
  run: true,
  port: undefined,
  workers: 2,
  dataDir: undefined,
  json: false,
};

describe('parseArguments', () => {
  it('runs the examples and serves when up is given alone', () => {
    expect(parseArguments(['up'])).toEqual(UP);
  });

  it('reads every option of up, in any order with the files', () => {
    const args = ['up', 'a.pdf', '--once', '--port', '9000', 'papers', '--workers=4', '--data-dir', 'd', '--json'];
    expect(parseArguments(args)).toEqual({
      ...UP,
      paths: ['a.pdf', 'papers'],
      once: true,
      port: 9000,
      workers: 4,
      dataDir: 'd',
      json: true,
    });
    expect(parseArguments(['up', '--no-run'])).toEqual({ ...UP, run: false });
    expect(parseArguments(['up', '--', '--once'])).toEqual({ ...UP, paths: ['--once'] });
  });

  it.each([
    [['down']],
    [['up', '--fast']],
    [['up', '--port']],
    [['up', '--port', '0']],
    [['up', '--port', '65536']],
    [['up', '--port', '1e3']],
    [['up', '--workers', 'many']],
    [['up', '--workers', '0']],
    [['up', '--once', '--no-run']],
    [['up', '--no-run', 'a.pdf']],
    [['migrate']],
    [['migrate', 'down']],
    [['migrate', 'up', 'now']],
  ])('refuses %j', (args) => {
    expect(() => parseArguments(args)).toThrow(UsageError);
  });

  it('shows the help when asked anywhere, and when nothing is asked', () => {
    for (const args of [[], ['help'], ['--help'], ['-h'], ['up', 'x', '-h'], ['migrate', '--help']]) {
      expect(parseArguments(args)).toEqual({ command: 'help' });
    }
  });

  it('reads the actions of migrate', () => {
    expect(parseArguments(['migrate', 'up'])).toEqual({ command: 'migrate', action: 'up' });
    expect(parseArguments(['migrate', 'status'])).toEqual({ command: 'migrate', action: 'status' });
  });
});
