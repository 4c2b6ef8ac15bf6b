/**
 * Ctrl-C and its like end the steps of a script, by `signal`, and then the script as a shell expects it: `stoppedBy` says
 * which of them came first, null when none did.
 * @returns {{ stopping: AbortController, stoppedBy: () => NodeJS.Signals | null }}
 */
export function stopOnSignals() {
  const stopping = new AbortController();
  let first = null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      first ??= signal;
      stopping.abort();
    });
  }
  return { stopping, stoppedBy: () => first };
}
