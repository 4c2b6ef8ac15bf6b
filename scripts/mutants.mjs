// `npm run mutants`: removes one mechanism at a time in a copy of the sources and shows that the named tests notice.
// A mutant is a patch in test/faults/mutants whose head says what it takes away and which tests must go red. What
// follows `npm run mutants --` are parts of names: only these run. Plain Node without dependencies.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { build, checkNode, compilerMain, exitCodeOf, install, root, tieToThisProcess } from './prepare.mjs';
import { readMutant } from './read-mutant.mjs';
import { runStep } from './run-step.mjs';
import { stopOnSignals } from './stop-on-signals.mjs';

const mutantsDir = join(root, 'test', 'faults', 'mutants');
const { stopping, stoppedBy } = stopOnSignals();

checkNode();
await install();
build();
const copy = mkdtempSync(join(tmpdir(), 'nightshift-mutants-'));
try {
  process.exitCode = (await runMutants(listMutants(process.argv.slice(2)))) ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
if (stoppedBy() !== null) process.exitCode = exitCodeOf(stoppedBy());

function listMutants(wanted) {
  return readdirSync(mutantsDir)
    .filter((file) => file.endsWith('.patch') && (wanted.length === 0 || wanted.some((part) => file.includes(part))))
    .sort()
    .map((file) => readMutant(file, readFileSync(join(mutantsDir, file), 'utf8')));
}

async function runMutants(mutants) {
  makeCopy();
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.caughtBy))];
  if (tests.length > 0 && !(await runTests(tests)).isOk) {
    process.stdout.write('FAILED without a mutant: the tests must pass before they can show anything.\n');
    process.stdout.write('\n0 passed, 1 failed\n');
    return false;
  }
  let caught = 0;
  for (const mutant of mutants) {
    if (stopping.signal.aborted) break;
    const verdict = await tryMutant(mutant);
    if (verdict.isCaught) caught += 1;
    process.stdout.write(
      `${verdict.isCaught ? 'caught' : 'MISSED'} ${mutant.name} [${mutant.invariant}] ${verdict.why}\n`,
    );
  }
  process.stdout.write(`\n${caught} passed, ${mutants.length - caught} failed\n`);
  return caught === mutants.length;
}

/** Every file that git knows or would know, with the installed packages beside it and our own packages as links into the copy. */
function makeCopy() {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of listed.toString('utf8').split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    try {
      cpSync(join(root, file), join(copy, file));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error; // deleted and not committed yet
    }
  }
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@nightshift'), { recursive: true });
  for (const entry of readdirSync(join(root, 'node_modules'))) {
    if (entry !== '@nightshift') symlinkSync(join(root, 'node_modules', entry), join(modules, entry));
  }
  for (const group of ['packages', 'apps']) {
    for (const name of readdirSync(join(copy, group))) {
      symlinkSync(join(copy, group, name), join(modules, '@nightshift', name));
      const dist = join(root, group, name, 'dist');
      cpSync(dist, join(copy, group, name, 'dist'), { recursive: true, preserveTimestamps: true });
    }
  }
}

async function tryMutant(mutant) {
  const patch = join(mutantsDir, mutant.file);
  try {
    git('apply', patch);
  } catch {
    return { isCaught: false, why: 'the patch does not apply: make it anew' };
  }
  try {
    const compiled = await run([process.execPath, compilerMain(), '-b']);
    if (!compiled.isOk) return { isCaught: false, why: `it does not compile:\n${compiled.output}` };
    const tested = await runTests(mutant.caughtBy);
    if (tested.isOk) return { isCaught: false, why: `every test of ${mutant.caughtBy.join(', ')} stayed green` };
    const red = findRedTest(tested.output);
    return red
      ? { isCaught: true, why: `(${tested.seconds} s) by: ${red}` }
      : { isCaught: false, why: tested.output.slice(-4_000) };
  } finally {
    git('apply', '--reverse', patch);
    await run([process.execPath, compilerMain(), '-b']);
  }
}

/** Only a failed test counts: a run that did not come to its tests has shown nothing. */
function findRedTest(output) {
  return /^ *FAIL +(.+?) *$/m.exec(stripVTControlCharacters(output))?.[1];
}

function runTests(files) {
  return run([process.execPath, join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--bail=1', ...files]);
}

function run(command) {
  const env = {
    ...process.env,
    NIGHTSHIFT_CACHE_DIR: process.env.NIGHTSHIFT_CACHE_DIR ?? join(root, '.nightshift', 'cache'),
  };
  return runStep(tieToThisProcess(command), { cwd: copy, env, isQuiet: true, signal: stopping.signal });
}

function git(...args) {
  execFileSync('git', args, { cwd: copy, stdio: 'pipe' });
}
