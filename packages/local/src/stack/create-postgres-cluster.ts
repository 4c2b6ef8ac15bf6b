import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileOwnerOf, type PostgresAccount, runAsAccount } from './choose-postgres-account.ts';
import type { PostgresBinaries } from './find-postgres-binaries.ts';
import { runCommand } from './run-command.ts';

const INITDB_TIMEOUT_MS = 120_000;
/** The second where the first is unknown to the C library. Both sort by code point. */
const LOCALES = ['C.UTF-8', 'C'];

/** initdb failed. */
export class PostgresClusterError extends Error {
  override readonly name = 'PostgresClusterError';
}

/** The major version that made a cluster folder; undefined when there is no cluster yet. */
export function readClusterVersion(clusterDir: string): number | undefined {
  const path = join(clusterDir, 'PG_VERSION');
  return existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : undefined;
}

/**
 * Makes sure that the cluster exists and belongs to the account: made in a folder beside it and renamed when complete,
 * so that a start that is killed half-way leaves nothing that looks like a cluster.
 * @throws PostgresClusterError
 */
export async function createPostgresCluster(options: {
  clusterDir: string;
  binaries: PostgresBinaries;
  account: PostgresAccount;
  password: string;
}): Promise<void> {
  const { clusterDir, account } = options;
  if (readClusterVersion(clusterDir) === undefined) await initialise(options);
  giveTo(clusterDir, account);
}

async function initialise(options: {
  clusterDir: string;
  binaries: PostgresBinaries;
  account: PostgresAccount;
  password: string;
}): Promise<void> {
  const { clusterDir, binaries, account, password } = options;
  const draftDir = `${clusterDir}.new`;
  const passwordFile = `${clusterDir}.password`;
  let failure = '';
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    giveTo(passwordFile, account);
    for (const locale of LOCALES) {
      rmSync(draftDir, { recursive: true, force: true });
      mkdirSync(draftDir, { mode: 0o700 });
      giveTo(draftDir, account);
      const authentication = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
      const args = ['-D', draftDir, '-U', 'postgres', '-E', 'UTF8', `--locale=${locale}`, ...authentication];
      const { command, args: allArgs, ...ids } = runAsAccount(account, { command: binaries.initdb, args });
      const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
      const result = await runCommand(command, allArgs, { ...ids, env, cwd: '/', timeoutMs: INITDB_TIMEOUT_MS });
      if (result.code === 0) {
        // Fails, rather than replacing it, when something is there after all.
        renameSync(draftDir, clusterDir);
        return;
      }
      failure = result.startError ?? result.stderr.trim();
    }
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draftDir, { recursive: true, force: true });
  }
  throw new PostgresClusterError(`initdb failed: ${failure}`);
}

/** Changes the owner of a file or a whole folder to that of the account, if it is another one. */
function giveTo(path: string, account: PostgresAccount): void {
  const owner = fileOwnerOf(account);
  const present = lstatSync(path);
  if (owner === undefined) return;
  if (present.uid === owner.uid && present.gid === owner.gid) return;
  changeOwner(path, owner);
  if (present.isDirectory()) chmodSync(path, 0o700);
}

function changeOwner(path: string, owner: { uid: number; gid: number }): void {
  if (lstatSync(path).isDirectory()) {
    for (const name of readdirSync(path)) changeOwner(join(path, name), owner);
  }
  lchownSync(path, owner.uid, owner.gid);
}
