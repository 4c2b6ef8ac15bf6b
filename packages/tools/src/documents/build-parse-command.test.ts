import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildParseCommand } from './build-parse-command.ts';

const SCRIPT = fileURLToPath(new URL('../../dist/documents/parse-child.js', import.meta.url));

/** Runs code under the limits of the child; returns what it printed and what ended it. */
function runLimited(code: string, timeoutMs = 1_000): { output: string; signal: NodeJS.Signals | null } {
  const { command, args } = buildParseCommand(SCRIPT, timeoutMs);
  const result = spawnSync(command, [...args.slice(0, -1), '-e', code], { env: {}, encoding: 'utf8', timeout: 20_000 });
  return { output: result.stdout.trim(), signal: result.signal };
}

function attempt(expression: string): string {
  return `try { ${expression}; console.log('done') } catch (error) { console.log(error.code) }`;
}

describe('buildParseCommand', () => {
  it.each([
    ['read files of the machine', "require('fs').readFileSync('/etc/passwd')"],
    ['read the environment of its parent', "require('fs').readFileSync('/proc/' + process.ppid + '/environ')"],
    ['write files', "require('fs').writeFileSync(require('os').tmpdir() + '/nightshift-parse-child', 'x')"],
    ['start processes', "require('child_process').execFileSync('/bin/true')"],
  ])('does not let the child %s', (_, expression) => {
    expect(runLimited(attempt(expression)).output).toBe('ERR_ACCESS_DENIED');
  });

  it('lets the child read the program', () => {
    expect(runLimited(attempt(`require('fs').readFileSync(${JSON.stringify(SCRIPT)})`)).output).toBe('done');
  });

  it('limits the CPU time of a child that nobody watches any more', () => {
    // The limit is twice the deadline and ten seconds: one second with this deadline.
    expect(runLimited('for (;;);', -4_500).signal).toMatch(/^SIG(?:XCPU|KILL)$/);
  });
});
