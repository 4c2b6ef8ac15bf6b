// `npm run faults`: the fault laboratory whole, where `npm test` runs a sample of it. What follows `npm run faults --` goes to
// vitest, for instance the path of a file; FAULT_SCENARIO, FAULT_ACTION and FAULT_POINTS narrow the crash points down. Reports
// are written below .nightshift/faults. Plain Node without dependencies.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countResults } from './count-results.mjs';
import { build, checkNode, exitCodeOf, install, root, tieToThisProcess } from './prepare.mjs';
import { runStep } from './run-step.mjs';
import { stopOnSignals } from './stop-on-signals.mjs';

/** What points at services of the user: the laboratory brings its own. */
const SERVICE_VARIABLES =
  /^(?:DATABASE_URL|REDIS_URL|S3_|AWS_|POLLY_|ANTHROPIC_|PG[A-Z]+$|NIGHTSHIFT_(?!CACHE_DIR|TEST_))/;

const startedAt = performance.now();
const { stopping, stoppedBy } = stopOnSignals();

checkNode();
await install();
build();
const folder = join(root, '.nightshift', 'faults');
rmSync(folder, { recursive: true, force: true }); // reports of an earlier run
mkdirSync(folder, { recursive: true });
const seed = process.env.NIGHTSHIFT_TEST_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`Seed ${seed}; the same again: NIGHTSHIFT_TEST_SEED=${seed} npm run faults\n`);
const report = join(folder, 'results.json');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const command = [process.execPath, vitest, 'run', '--config', 'vitest.faults.config.ts', ...reporters];
const result = await runStep(tieToThisProcess([...command, ...process.argv.slice(2)]), {
  cwd: root,
  env: { ...withoutServices(process.env), NIGHTSHIFT_FAULTS: 'all', NIGHTSHIFT_TEST_SEED: seed },
  signal: stopping.signal,
});
const { passed, failed } = countResults(readJson(report), result.isOk);
process.stdout.write(`\n${readText(join(folder, 'crash-points.md'))}\n`);
process.stdout.write(`Seed ${seed}; took ${Math.round((performance.now() - startedAt) / 1000)} s.\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = stoppedBy() === null ? Number(failed > 0) : exitCodeOf(stoppedBy());

function withoutServices(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SERVICE_VARIABLES.test(name)));
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readJson(file) {
  try {
    return JSON.parse(readText(file));
  } catch {
    return undefined;
  }
}
