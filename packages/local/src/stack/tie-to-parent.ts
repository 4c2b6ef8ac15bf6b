import { findOnPath } from './find-on-path.ts';
import { runCommand } from './run-command.ts';

/** A program and its arguments. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Wraps a command so that the kernel sends it the signal when the process that started it dies, however it dies (`setpriv
 * --pdeathsig` of util-linux). Where that does not exist the command is returned as it is: an orphan is then found by
 * its pid file at the next start.
 */
export async function tieToParent(command: Command, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<Command> {
  const setpriv = await findOnPath('setpriv', ['/usr/bin', '/bin']);
  if (setpriv === undefined) return command;
  const probe = await runCommand(setpriv, ['--pdeathsig', 'KILL', '--', 'true'], { timeoutMs: 5_000 });
  if (probe.code !== 0) return command;
  return { command: setpriv, args: ['--pdeathsig', signal.slice(3), '--', command.command, ...command.args] };
}
