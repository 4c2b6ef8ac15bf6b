// `npm test`: makes a fresh clone ready, then compiles, checks types and style, and runs every test. What follows
// `npm test --` goes to vitest, for instance the path of a test file. Plain Node without dependencies.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countResults, describeCounts } from './count-results.mjs';
import { checkNode, compilerMain, exitCodeOf, install, root, tieToThisProcess } from './prepare.mjs';
import { runStep } from './run-step.mjs';
import { stopOnSignals } from './stop-on-signals.mjs';

/** Everything together; a run that takes longer hangs. */
const TOTAL_TIMEOUT_MS = 20 * 60_000;
/** What points at services of the user: tests bring their own and must not reach these. */
const SERVICE_VARIABLES = /^(?:DATABASE_URL|REDIS_URL|S3_|AWS_|POLLY_|ANTHROPIC_|PG[A-Z]+$|NIGHTSHIFT_(?!CACHE_DIR))/;

const startedAt = performance.now();
const { stopping, stoppedBy } = stopOnSignals();

checkNode();
await install();
const timeout = setTimeout(() => {
  process.stderr.write(`Not done after ${TOTAL_TIMEOUT_MS / 60_000} minutes; stopping.\n`);
  stopping.abort();
}, TOTAL_TIMEOUT_MS);
const counts = await runAll(process.argv.slice(2));
clearTimeout(timeout);
process.stdout.write(`\nTook ${Math.round((performance.now() - startedAt) / 1000)} s.\n${describeCounts(counts)}\n`);
process.exitCode = stoppedBy() === null ? Number(counts.failed > 0) : exitCodeOf(stoppedBy());

/** The three checks count like tests: a project that does not compile has not passed. */
async function runAll(vitestArgs) {
  const isBuilt = await check('build', [process.execPath, compilerMain(), '-b']);
  if (!isBuilt) return { passed: 0, failed: 1, skipped: 0 };
  const checks = await Promise.all([
    check('types of the tests', [process.execPath, compilerMain(), '-p', 'test']),
    check('lint and format', [process.execPath, binOf('@biomejs/biome'), 'check', '.']),
  ]);
  const counts = await runTests(vitestArgs);
  const failedChecks = checks.filter((isOk) => !isOk).length;
  return {
    passed: counts.passed + 1 + checks.length - failedChecks,
    failed: counts.failed + failedChecks,
    skipped: counts.skipped,
  };
}

async function check(name, command) {
  const result = await runStep(tieToThisProcess(command), {
    cwd: root,
    env: process.env,
    isQuiet: true,
    signal: stopping.signal,
  });
  if (!result.isOk) process.stdout.write(result.output);
  process.stdout.write(`${result.isOk ? 'ok    ' : 'FAILED'} ${name} (${result.seconds} s)\n`);
  return result.isOk;
}

async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-results-'));
  const report = join(folder, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const command = [process.execPath, join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...args];
  try {
    const result = await runStep(tieToThisProcess(command), {
      cwd: root,
      env: withoutServices(process.env),
      signal: stopping.signal,
    });
    return countResults(readJson(report), result.isOk);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withoutServices(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SERVICE_VARIABLES.test(name)));
}

function binOf(name) {
  const folder = join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : Object.values(bin)[0]);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
