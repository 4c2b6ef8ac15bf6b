// `npm start`: makes a fresh clone ready (dependencies, build) and runs the CLI. Plain Node without dependencies.
import { spawn } from 'node:child_process';
import { build, checkNode, cliMain, exitCodeOf, fail, install, root, tieToThisProcess } from './prepare.mjs';

/** npm passes a signal of the terminal on a second time; what follows this closely is the same key press. */
const SAME_SIGNAL_MS = 500;

checkNode();
await install();
build();
runCli(process.argv.slice(2));

/**
 * The CLI runs as the leader of its own group. A Ctrl-C would otherwise reach it up to three times: from the terminal,
 * and from npm and from here, which both pass it on. So the one way is from here, once per key press.
 */
function runCli(args) {
  const env = {
    ...process.env,
    NIGHTSHIFT_CWD: process.env.INIT_CWD ?? process.cwd(),
    // The newest AWS SDK warns about Node 20 in every process that loads it.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const [command, ...rest] = tieToThisProcess([process.execPath, cliMain, 'up', ...args]);
  const child = spawn(command, rest, { cwd: root, env, stdio: 'inherit', detached: true });
  const lastSentAt = new Map();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH']) {
    process.on(signal, () => {
      const now = Date.now();
      if (signal !== 'SIGWINCH' && now - (lastSentAt.get(signal) ?? 0) < SAME_SIGNAL_MS) return;
      lastSentAt.set(signal, now);
      child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`Cannot start the CLI: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? exitCodeOf(signal)));
}
