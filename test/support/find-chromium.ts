import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const INSTALL_TIMEOUT_MS = 180_000;

/**
 * A Chromium to test in: the one that is installed, else Debian's, installed when we may. Undefined, with a notice, when
 * there is none to be had.
 */
export async function findChromium(): Promise<string | undefined> {
  const installed = PLACES.find((place) => existsSync(place));
  if (installed) return installed;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const options = { timeout: INSTALL_TIMEOUT_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    await run('apt-get', ['update', '-qq'], options).catch(() => undefined);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options).catch(
      () => undefined,
    );
  }
  const found = PLACES.find((place) => existsSync(place));
  if (!found) process.stderr.write('[skipped] no Chromium here: the browser test does not run (install "chromium")\n');
  return found;
}
