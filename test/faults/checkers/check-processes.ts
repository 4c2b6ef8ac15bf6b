import { readdir, readFile } from 'node:fs/promises';

/**
 * Processes that carry this mark in their environment: after everything was stopped there may be none, not even a child of
 * a child. Looks at /proc, so it finds nothing where that does not exist.
 */
export async function checkProcesses(mark: string): Promise<string[]> {
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(async (pid) => {
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        return environment.includes(mark) && command !== ''
          ? [`${pid} still runs: ${command.replaceAll('\0', ' ')}`]
          : [];
      }),
  );
  return found.flat();
}
