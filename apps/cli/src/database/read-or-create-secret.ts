import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const SECRET_BYTES = 32;

/**
 * A secret kept in a file that only its owner may read, made on the first call: the prefix and 43 characters of the
 * URL-safe alphabet (256 bits). The data folder is locked, so nobody else makes it at the same time.
 */
export function readOrCreateSecret(path: string, prefix: string): string {
  const kept = readKept(path);
  if (kept !== '') {
    chmodSync(path, 0o600);
    return kept;
  }
  const secret = `${prefix}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  writeFileSync(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return secret;
}

function readKept(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
