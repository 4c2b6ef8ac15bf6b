import { openEventStream, type ReceivedFrame } from '../../support/event-stream.ts';

/** How a client behaves. Probabilities are per frame, times in milliseconds. */
export type Habit =
  | { kind: 'steady' }
  /** Its connection breaks at random. */
  | { kind: 'cut'; probability: number }
  /** It leaves and comes back every so often. */
  | { kind: 'returning'; everyMs: number }
  /** It takes nothing for a while, at random, with the connection open. */
  | { kind: 'paused'; probability: number; forMs: number };

export interface StreamClientOptions {
  /** Of API processes; each connection goes to a random one. */
  apiUrls: readonly string[];
  key: string;
  taskId: string;
  habit: Habit;
  random: () => number;
  /** Gives up when it aborts. */
  signal: AbortSignal;
  onFrame?: ((frame: ReceivedFrame) => void) | undefined;
}

/** What a client was given, in the order it was given, over all its connections. */
export interface Transcript {
  readonly taskId: string;
  readonly frames: ReceivedFrame[];
  /** Connections that ended before the final event, whoever ended them. */
  cuts: number;
  /** Answers other than 200 and 204, by status. */
  refusals: Record<number, number>;
  /** The server said there is nothing more, or ended the stream after a final event. */
  isFinished: boolean;
}

const FINAL = /^task\.(?:completed|failed|cancelled|expired)$/;
const RETRY_MS = 150;
const MAX_RETRY_MS = 5_000;

export function isFinal(frame: ReceivedFrame | undefined): boolean {
  return frame !== undefined && FINAL.test(frame.type);
}

export function openTranscript(taskId: string): Transcript {
  return { taskId, frames: [], cuts: 0, refusals: {}, isFinished: false };
}

/**
 * Watches a task from where the transcript ends, and reconnects with the last id it was given until the task is over. A
 * careful client: it never asks for what it has, and takes what it gets.
 */
export async function watchIntoTranscript(transcript: Transcript, options: StreamClientOptions): Promise<void> {
  const { signal, taskId, key, apiUrls, random } = options;
  transcript.isFinished = false;
  let failures = 0;
  // Twice as long after each connection that brought nothing: two hundred clients at once must not be what is wrong.
  const backOff = () => sleep(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures) * (0.5 + random() / 2), signal);
  while (!signal.aborted) {
    const lastEventId = transcript.frames.at(-1)?.id;
    const api = apiUrls[Math.floor(random() * apiUrls.length)];
    const stream = await openEventStream(`${api}/v1/tasks/${taskId}/events?visibility=developer`, {
      key,
      ...(lastEventId === undefined ? {} : { lastEventId }),
    }).catch(() => undefined);
    if (stream?.status === 204) {
      transcript.isFinished = true;
      return;
    }
    if (stream?.status !== 200) {
      if (stream) transcript.refusals[stream.status] = (transcript.refusals[stream.status] ?? 0) + 1;
      stream?.cut();
      await backOff();
      failures += 1;
      continue;
    }
    const before = transcript.frames.length;
    await readUntilCut(transcript, stream, options);
    // A final event of an earlier run proves nothing: the connection may have been cut before it brought anything.
    if (transcript.frames.length > before && isFinal(transcript.frames.at(-1))) {
      transcript.isFinished = true;
      return;
    }
    transcript.cuts += 1;
    failures = transcript.frames.length > before ? 0 : failures + 1;
    await backOff();
  }
}

async function readUntilCut(
  transcript: Transcript,
  stream: Awaited<ReturnType<typeof openEventStream>>,
  { habit, random, signal, onFrame }: StreamClientOptions,
): Promise<void> {
  const onAbort = () => stream.cut();
  signal.addEventListener('abort', onAbort, { once: true });
  const leaving = habit.kind === 'returning' ? setTimeout(() => stream.cut(), habit.everyMs) : undefined;
  try {
    for await (const frame of stream.frames) {
      if (frame.data.sequence_number !== undefined) transcript.frames.push(frame);
      onFrame?.(frame);
      if (habit.kind === 'cut' && random() < habit.probability) stream.cut();
      if (habit.kind === 'paused' && random() < habit.probability) await sleep(habit.forMs, signal);
    }
  } finally {
    clearTimeout(leaving);
    signal.removeEventListener('abort', onAbort);
  }
}

function sleep(forMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, forMs);
    signal.addEventListener('abort', done, { once: true });
  });
}
