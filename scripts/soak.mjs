// `npm run soak -- --minutes 30 [--seed 7] [--report soak.md]`: runs the whole product under faults, prints a report. It
// exits with 1 when a promise was broken. Plain Node without dependencies.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, checkNode, exitCodeOf, fail, install, root, stateDir, tieToThisProcess } from './prepare.mjs';
import { runStep } from './run-step.mjs';
import { stopOnSignals } from './stop-on-signals.mjs';

const { stopping, stoppedBy } = stopOnSignals();

const { minutes, seed, report } = readArguments();
checkNode();
await install();
build();
rmSync(report, { force: true });
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const command = [process.execPath, vitest, 'run', '--config', join(root, 'vitest.soak.config.ts')];
const { isOk } = await runStep(tieToThisProcess(command), {
  cwd: root,
  env: {
    ...process.env,
    NIGHTSHIFT_SOAK_MINUTES: String(minutes),
    NIGHTSHIFT_SOAK_SEED: String(seed),
    NIGHTSHIFT_SOAK_REPORT: report,
  },
  signal: stopping.signal,
});
if (existsSync(report)) process.stdout.write(`\n${readFileSync(report, 'utf8')}\nWritten to ${report}\n`);
process.exitCode = stoppedBy() === null ? Number(!isOk) : exitCodeOf(stoppedBy());

function readArguments() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { minutes: text, seed: text, report: text } });
  const chosen = {
    minutes: Number(values.minutes ?? 30),
    seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 31)),
    report: resolve(values.report ?? join(stateDir, 'soak-report.md')),
  };
  if (!(chosen.minutes > 0)) fail('--minutes is a number above 0.', 2);
  if (!Number.isInteger(chosen.seed)) fail('--seed is a whole number.', 2);
  return chosen;
}
