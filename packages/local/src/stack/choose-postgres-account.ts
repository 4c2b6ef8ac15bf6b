import { findOnPath } from './find-on-path.ts';
import type { PostgresBinaries } from './find-postgres-binaries.ts';
import { runCommand } from './run-command.ts';
import type { Command } from './tie-to-parent.ts';

/** "nobody" on every Unix; Postgres needs an account that is not root, not an entry in /etc/passwd. */
const UNPRIVILEGED_ID = 65_534;

/**
 * As whom Postgres runs. It refuses to run as root, so root either takes another uid, or stays root outside while the
 * server sees an ordinary uid inside a user namespace.
 */
export type PostgresAccount =
  | { readonly kind: 'self' }
  | { readonly kind: 'other'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'namespace'; readonly unshare: string; readonly uid: number };

/** Postgres cannot be run from here as any account but root. */
export class PostgresAccountError extends Error {
  override readonly name = 'PostgresAccountError';
}

/**
 * Chooses the account by trying it: an ordinary user runs Postgres as itself; root as uid 65534 if that account can
 * reach both the data folder and the programs, else (a private folder such as /root above one of them) in a namespace.
 * @throws PostgresAccountError when neither works
 */
export async function choosePostgresAccount(options: {
  dataDir: string;
  binaries: PostgresBinaries;
}): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return { kind: 'self' };
  const { dataDir, binaries } = options;
  const script = 'cd "$1" && "$2" --version && "$3" --version';
  const shellArgs = ['-c', script, 'sh', dataDir, binaries.initdb, binaries.postgres];
  const ids = { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID };
  const asOther = await runCommand('/bin/sh', shellArgs, ids);
  if (asOther.code === 0) return { kind: 'other', ...ids };
  const unshare = await findOnPath('unshare', ['/usr/bin', '/bin']);
  const namespaceArgs = ['--user', `--map-user=${UNPRIVILEGED_ID}`, '--', '/bin/sh', ...shellArgs];
  const inNamespace = unshare === undefined ? undefined : await runCommand(unshare, namespaceArgs);
  if (unshare !== undefined && inNamespace?.code === 0) return { kind: 'namespace', unshare, uid: UNPRIVILEGED_ID };
  throw new PostgresAccountError(
    [
      `Postgres refuses to run as root, and it could not be run as another account:`,
      `  as uid ${UNPRIVILEGED_ID}: ${asOther.startError ?? asOther.stderr.trim()}`,
      `  in a user namespace: ${inNamespace === undefined ? 'unshare is not installed' : (inNamespace.startError ?? inNamespace.stderr.trim())}`,
      'Run Nightshift as an ordinary user, or from a folder every user can enter (not below /root), or set DATABASE_URL.',
    ].join('\n'),
  );
}

/** The command as it has to be given for this account. Its uid and gid, if any, are to be passed to spawn. */
export function runAsAccount(account: PostgresAccount, command: Command): Command & { uid?: number; gid?: number } {
  switch (account.kind) {
    case 'self':
      return command;
    case 'other':
      return { ...command, uid: account.uid, gid: account.gid };
    case 'namespace':
      return {
        command: account.unshare,
        args: ['--user', `--map-user=${account.uid}`, '--', command.command, ...command.args],
      };
    default:
      return assertNever(account);
  }
}

/** The owner the files of the cluster must have on the outside; undefined when they are ours anyway. */
export function fileOwnerOf(account: PostgresAccount): { uid: number; gid: number } | undefined {
  switch (account.kind) {
    case 'self':
      return undefined;
    case 'other':
      return { uid: account.uid, gid: account.gid };
    case 'namespace':
      return { uid: 0, gid: 0 };
    default:
      return assertNever(account);
  }
}

function assertNever(value: never): never {
  throw new Error(`unexpected account ${JSON.stringify(value)}`);
}
