/** Buffers, stacks and what native code needs, beside the JavaScript heap. */
const BESIDE_HEAP_MB = 1024;

/**
 * The command that runs a child with its limits. The heap is limited by Node; a shell in between sets the operating
 * system's limit on all memory a process may write to, where that is known, and forbids core dumps. `setpriv` lets the
 * kernel kill the child when its parent dies, which holds however busy the child is.
 */
export function buildChildCommand(options: {
  script: string;
  args: readonly string[];
  memoryMb: number;
  /** `setpriv` of this machine can do that. */
  hasDeathSignal: boolean;
}): { command: string; args: string[] } {
  const node = [process.execPath, `--max-old-space-size=${options.memoryMb}`, options.script, ...options.args];
  if (process.platform === 'win32') return { command: process.execPath, args: node.slice(1) };
  const wrapped = options.hasDeathSignal ? ['setpriv', '--pdeathsig', 'KILL', '--', ...node] : node;
  const dataKb = (options.memoryMb + BESIDE_HEAP_MB) * 1024;
  const limits = [`-c 0`, `-d ${dataKb}`].map((limit) => `ulimit ${limit} 2>/dev/null`).join('; ');
  return { command: '/bin/sh', args: ['-c', `${limits}; exec "$0" "$@"`, ...wrapped] };
}
