import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeMp3 } from '../support/decode-mp3.ts';
import { eventually } from '../support/eventually.ts';
import { createSampleDocument } from '../support/sample-document.ts';

const PROJECT_ROOT = path.resolve(import.meta.dirname, '../..');
const CACHE_DIR = process.env.NIGHTSHIFT_CACHE_DIR ?? path.join(PROJECT_ROOT, '.nightshift', 'cache');
const CLI_MAIN = path.join(PROJECT_ROOT, 'apps', 'cli', 'dist', 'main.js');
const START_TIMEOUT_MS = 40_000;
/** Of the whole file on a machine with two cores; each test is far below it alone. */
const TEST_TIMEOUT_MS = 60_000;

/** In the environment of everything that is started here, whoever starts it, however deep. */
const MARK = `up-test-${randomUUID()}`;

interface Run {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  exited: Promise<number | null>;
}

let folder = '';
const runs: Run[] = [];

/** The compiled CLI as a newcomer runs it: no terminal, nothing given by the environment. */
function startCli(...args: string[]): Run {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NIGHTSHIFT_CACHE_DIR: CACHE_DIR, MARK };
  const child = spawn(process.execPath, [CLI_MAIN, 'up', '--data-dir', path.join(folder, 'data'), ...args], {
    cwd: path.join(folder, 'papers'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const run = { child, stdout: () => written.stdout, stderr: () => written.stderr, exited };
  runs.push(run);
  return run;
}

/** Processes with the mark of this file in their environment, by number and command line. */
async function listOwnProcesses(): Promise<string[]> {
  const found = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        const isOwn = environment.includes(MARK) || command.includes(folder);
        // What has ended and was not waited for yet has no command line any more.
        return isOwn && command !== '' ? [`${pid} ${command.replaceAll('\0', ' ')}`] : [];
      }),
  );
  return found.flat();
}

async function expectNothingRunning(): Promise<void> {
  let left: string[] = [];
  await eventually('everything that was started to be gone', async () => {
    left = await listOwnProcesses();
    return left.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`still running:\n${left.join('\n')}`, { cause: error });
  });
}

async function readBatchId(): Promise<string | undefined> {
  const record = await readFile(path.join(folder, 'data', 'unfinished-batch.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(record) as { batchId?: string }).batchId;
}

/** The commands the CLI printed for people to paste: the address, and the headers in quotes. */
function readPrintedCommands(output: string): { url: string; headers: Record<string, string> }[] {
  return [...output.matchAll(/^ {2}curl (.*) (http:\S+)$/gmu)].map((match) => {
    const headers = [...(match[1] ?? '').matchAll(/-H "([^:"]+): ([^"]*)"/gu)];
    return { url: match[2] ?? '', headers: Object.fromEntries(headers.map((header) => [header[1], header[2]])) };
  });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightshift-up-'));
  const papers = path.join(folder, 'papers');
  await writeFolder(papers, {
    'agreement.md': createSampleDocument(),
    'piano sale.txt':
      'Sale of the piano\n\nWe accept your offer of £1,950 for the piano. Our driver will collect it on 14 March 2026.\n',
    'empty.pdf': '',
  });
});

async function writeFolder(dir: string, files: Record<string, string>): Promise<void> {
  await mkdir(dir);
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
}

afterAll(async () => {
  for (const run of runs) if (run.child.exitCode === null) run.child.kill('SIGKILL');
  await Promise.all(runs.map((run) => run.exited));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('nightshift up', () => {
  let killedBatchId: string | undefined;
  let finished: Run;

  it('leaves nothing running when it is killed in the middle of a batch', { timeout: TEST_TIMEOUT_MS }, async () => {
    const run = startCli('--once', '.');
    killedBatchId = await eventually('the batch to be accepted', readBatchId, START_TIMEOUT_MS);
    expect((await listOwnProcesses()).length).toBeGreaterThan(4);
    run.child.kill('SIGKILL');
    await run.exited;
    expect(run.stdout()).toBe('');
    await expectNothingRunning();
  });

  it('goes on with the same batch, shows every document and exits when it is started again', {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    finished = startCli('--once', '.');
    expect(await finished.exited, finished.stderr()).toBe(0);
    expect(finished.stderr()).toContain(`Going on with the unfinished batch ${killedBatchId}`);
    const table = finished.stdout();
    expect(table).toMatch(/agreement\.md.*Service Agreement.*contract.*en.*completed/u);
    expect(table).toMatch(/piano sale\.txt.*Sale of the piano.*£1,950.*completed/u);
    expect(table).toMatch(/empty\.pdf.*failed/u);
    expect(table).toContain('! empty.pdf: This file is empty (0 bytes).');
    expect(table).toContain(`/v1/batches/${killedBatchId}/results`);
    expect(await readBatchId()).toBeUndefined();
    await expectNothingRunning();
  });

  it('answers the printed commands when it serves the same data again, and stops at a signal', {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    const run = startCli('--no-run');
    await eventually('the API to be announced', () => run.stderr().includes('Serving on http://'), START_TIMEOUT_MS);
    const keyFile = /export NIGHTSHIFT_KEY=\$\(cat (\S+)\)/u.exec(finished.stdout())?.[1] ?? '';
    const key = (await readFile(keyFile, 'utf8')).trim();
    const commands = readPrintedCommands(finished.stdout());
    const answers = await Promise.all(
      commands.map(({ url, headers }) =>
        fetch(url, {
          headers: { ...headers, Authorization: headers.Authorization?.replace('$NIGHTSHIFT_KEY', key) ?? '' },
        }),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    const [task, events, audio, results] = answers;
    expect(await task?.json()).toMatchObject({ status: 'completed', result: { title: 'Service Agreement' } });
    expect(await events?.text()).toContain('event: task.completed');
    const speech = await decodeMp3(new Uint8Array((await audio?.arrayBuffer()) ?? new ArrayBuffer(0)));
    expect(speech).toMatchObject({ errorCount: 0 });
    expect(speech.seconds).toBeGreaterThan(3);
    const lines = ((await results?.text()) ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { custom_id: string });
    expect(lines.map((line) => line.custom_id).sort()).toEqual(['agreement.md', 'empty.pdf', 'piano sale.txt']);
    run.child.kill('SIGINT');
    expect(await run.exited, run.stderr()).toBe(0);
    await expectNothingRunning();
  });
});
