import type { ReceivedFrame } from '../../support/event-stream.ts';
import { checkAgreement, digestFrames } from '../checkers/check-agreement.ts';
import { checkTranscript } from '../checkers/check-transcript.ts';
import { type Habit, openTranscript, type Transcript, watchIntoTranscript } from '../lab/stream-client.ts';

/** What a cancel was answered. */
export interface CancelAnswer {
  askedAtMs: number;
  status: number;
}

/** One accepted task with the clients that watch it, and what is left of their transcripts when it is over. */
export interface TrackedTask {
  readonly id: string;
  readonly label: string;
  readonly acceptedAtMs: number;
  /** Its model refuses it until somebody replays it. */
  readonly isDoomed: boolean;
  cancel: CancelAnswer | undefined;
  replays: number;
  /** Of the last final event. */
  finishedAtMs: number | undefined;
  lastEvent: string | undefined;
  digest: string | undefined;
  /** What later checks need: claims, ends, settlements of calls, artifacts. */
  kept: ReceivedFrame[];
  problems: string[];
  events: number;
  cuts: number;
}

/** A task that was accepted just now. */
export function openTask(accepted: Pick<TrackedTask, 'id' | 'label' | 'isDoomed'>): TrackedTask {
  return {
    ...accepted,
    acceptedAtMs: Date.now(),
    cancel: undefined,
    replays: 0,
    finishedAtMs: undefined,
    lastEvent: undefined,
    digest: undefined,
    kept: [],
    problems: [],
    events: 0,
    cuts: 0,
  };
}

export interface WatchDeps {
  apiUrls: readonly string[];
  key: string;
  random: () => number;
  signal: AbortSignal;
}

const KEPT = /^(?:task\.|tool\.(?:completed|failed)$|artifact\.completed$)/;

/** One client in ten is paused now and then, one in ten comes back every three seconds, three are cut at random. */
function drawHabit(random: () => number): Habit {
  const share = random();
  if (share < 0.1) return { kind: 'paused', probability: 0.02, forMs: 4_000 };
  if (share < 0.2) return { kind: 'returning', everyMs: 3_000 };
  return share < 0.5 ? { kind: 'cut', probability: 0.03 } : { kind: 'steady' };
}

/**
 * Watches a task with so many clients until all of them have its end, `afterEnd` saying whether there is more to come (a
 * replay); then checks what each was given, compares them, and keeps what is small.
 */
export async function trackTask(
  task: TrackedTask,
  deps: WatchDeps & { clients: number; afterEnd(task: TrackedTask): Promise<boolean> },
): Promise<void> {
  const transcripts = Array.from({ length: deps.clients }, () => openTranscript(task.id));
  do {
    await Promise.all(
      transcripts.map((transcript) =>
        watchIntoTranscript(transcript, { ...deps, taskId: task.id, habit: drawHabit(deps.random) }),
      ),
    );
    const last = transcripts[0]?.frames.at(-1);
    task.lastEvent = last?.type;
    task.finishedAtMs = Date.parse(last?.data.created_at ?? '');
  } while (!deps.signal.aborted && (await deps.afterEnd(task)));
  judge(task, transcripts);
}

function judge(task: TrackedTask, transcripts: readonly Transcript[]): void {
  task.problems.push(...transcripts.flatMap(({ frames }) => checkTranscript(task.id, frames)));
  const digests = transcripts.map(({ frames }) => digestFrames(frames));
  task.problems.push(...checkAgreement(task.id, digests));
  for (const { refusals } of transcripts) {
    for (const [status, count] of Object.entries(refusals)) {
      if (Number(status) < 500) task.problems.push(`${task.id}: its stream answered ${status}, ${count} times`);
    }
  }
  task.digest = digests[0];
  task.events = transcripts.reduce((sum, { frames }) => sum + frames.length, 0);
  task.cuts = transcripts.reduce((sum, { cuts }) => sum + cuts, 0);
  task.kept = (transcripts[0]?.frames ?? []).filter((frame) => KEPT.test(frame.type)).map((frame) => slim(frame));
}

/** Without results and outputs, which nobody looks at any more. */
function slim(frame: ReceivedFrame): ReceivedFrame {
  const { worker, tool, tool_use_id, artifact_id, sha256, bytes } = frame.data.data ?? {};
  const { created_at } = frame.data;
  return {
    id: frame.id,
    type: frame.type,
    data: {
      ...(created_at === undefined ? {} : { created_at }),
      data: { worker, tool, tool_use_id, artifact_id, sha256, bytes },
    },
  };
}
