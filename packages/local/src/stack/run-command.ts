import { execFile } from 'node:child_process';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** How a command that was run to its end went. `code` is undefined when it could not be started or was killed. */
export interface CommandResult {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The system error when it could not be started (`ENOENT`, `EACCES`, `EPERM`). */
  readonly startError: string | undefined;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs?: number;
}

/** Runs a command without a shell to its end. Never rejects: the result says what happened. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { timeoutMs = 30_000, ...rest } = options;
  return new Promise((resolve) => {
    const settings = { ...rest, timeout: timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: MAX_OUTPUT_BYTES };
    try {
      execFile(command, [...args], settings, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({
          code: typeof code === 'number' ? code : undefined,
          stdout,
          stderr,
          startError: typeof code === 'string' ? code : undefined,
        });
      });
    } catch (error) {
      // spawn throws at once for some system errors (EPERM on a uid that may not be taken).
      resolve({
        code: undefined,
        stdout: '',
        stderr: '',
        startError: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN',
      });
    }
  });
}
