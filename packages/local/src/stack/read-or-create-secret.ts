import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const SECRET_BYTES = 24;

/**
 * A secret kept in a file only its owner may read, made on the first call: 32 characters of the URL-safe alphabet, so
 * that it needs no escaping in URLs and configuration files. `preset` is used instead of a random one when made.
 */
export function readOrCreateSecret(path: string, preset?: string): string {
  const existing = readSecret(path);
  if (existing !== undefined) return existing;
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, `${preset ?? randomBytes(SECRET_BYTES).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  const created = readSecret(path);
  if (created === undefined) throw new Error(`the secret in ${path} is empty`);
  return created;
}

function readSecret(path: string): string | undefined {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret !== '') chmodSync(path, 0o600);
    return secret === '' ? undefined : secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
