import type { JsonObject } from '@nightshift/domain';
import type { ChildEnd } from '@nightshift/store';

/** How the process of a child ended, as its parent saw it. */
export interface ChildExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The last thing it said about its end. */
  farewell: 'returned' | 'lost' | undefined;
  /** What the parent did to it. silent: killed because it was not heard of for so long. */
  treatment: { kind: 'none' | 'told_to_stop' | 'killed' } | { kind: 'silent'; silentMs: number };
  /** The end of its error output. */
  stderr: string;
}

export interface Judgement {
  end: ChildEnd;
  /** For people: `it was killed by SIGKILL`. */
  detail: string;
  /** For the history of the task. */
  death: JsonObject;
}

/**
 * What the end of a child says about the task it ran, and nothing else. Guilty is only a process that went on its own, or
 * that stopped answering while its parent did not; never one that its parent told to go, nor one that says itself that it
 * has lost its lease. An exit with 0 that was not announced is a death as well: a tool may call `process.exit`.
 */
export function judgeChild(exit: ChildExit, worker: string): Judgement {
  const detail = describe(exit);
  const end = toEnd(exit);
  const cause = end === 'lost' ? 'lease_lost' : exit.treatment.kind === 'silent' ? 'silent' : 'exit';
  return {
    end,
    detail,
    death: { alone: true, worker, cause, exit_code: exit.exitCode, signal: exit.signal, detail },
  };
}

function toEnd({ farewell, treatment }: ChildExit): ChildEnd {
  if (farewell !== undefined) return farewell;
  switch (treatment.kind) {
    case 'killed':
      return 'returned';
    case 'told_to_stop':
      return 'lost';
    case 'none':
    case 'silent':
      return 'guilty';
  }
}

function describe({ exitCode, signal, treatment, stderr }: ChildExit): string {
  if (treatment.kind === 'silent') {
    return `its event loop did not turn for ${Math.round(treatment.silentMs / 1000)} s, and it was killed`;
  }
  if (/heap out of memory|allocation failed|out of memory/iu.test(stderr)) {
    return `it ran out of memory (${signal ?? `exit code ${exitCode}`})`;
  }
  if (signal) return `it was killed by ${signal}`;
  return `it exited with code ${exitCode}`;
}
