import { type ArtifactRow, type ObjectStore, openArtifactWriter } from '@nightshift/artifacts';
import { createId, type Json, type NewEvent } from '@nightshift/domain';
import { createSilentLogger } from '@nightshift/telemetry';
import type { ToolContext } from '../tool-context.ts';

/** A tool context for tests of tools: it keeps what the tool does, and writes artifacts to the given store. */
export interface RecordingToolContext {
  readonly context: ToolContext;
  /** Of the tool and of its artifacts, in order. */
  readonly events: NewEvent[];
  readonly rows: ArtifactRow[];
  readonly chunks: Json[];
  readonly partials: Json[];
  /** Aborts the context's signal. */
  abort(reason: Error): void;
  /** As the executor does at the end of every call: what the tool left open is aborted. */
  end(reason: string): Promise<void>;
}

export interface RecordingOptions {
  store?: ObjectStore;
  input?: Json;
  idempotencyKey?: string;
  tenantId?: ToolContext['task']['tenantId'];
}

export function createRecordingToolContext(options: RecordingOptions = {}): RecordingToolContext {
  const events: NewEvent[] = [];
  const rows: ArtifactRow[] = [];
  const chunks: Json[] = [];
  const partials: Json[] = [];
  const writers: { abort(reason: string): Promise<void> }[] = [];
  const stop = new AbortController();
  const tenantId = options.tenantId ?? createId('tenant');
  const task = { id: createId('task'), tenantId, agent: 'test', input: options.input ?? null };
  const stepId = createId('step');
  const record = async (event: NewEvent): Promise<void> => {
    events.push(event);
  };
  const context: ToolContext = {
    task,
    callId: stepId,
    toolUseId: 'toolu_test',
    attempt: 1,
    idempotencyKey: options.idempotencyKey ?? stepId,
    signal: stop.signal,
    softSignal: new AbortController().signal,
    deadlineAt: undefined,
    log: createSilentLogger(),
    emit: (type, data) => record({ type, stepId, data }),
    progress: (update) => record({ type: 'tool.progress', stepId, data: { ...update } }),
    async chunk(value) {
      chunks.push(value);
    },
    partial(value) {
      partials.push(value);
    },
    transaction: () => Promise.reject(new Error('this context was made without a database')),
    requestInput: nobodyAnswers,
    waitUntil: nobodyAnswers,
    async artifact(name, { mediaType }) {
      if (!options.store) throw new Error('this context was made without a store');
      const ids = { tenantId, taskId: task.id, run: 1, epoch: 1, stepId };
      const log = {
        register: async (row: ArtifactRow) => {
          rows.push(row);
        },
        finish: async (_ending: unknown, ended: NewEvent[]) => {
          events.push(...ended);
        },
      };
      // The task's signal, not the call's: an aborted call still keeps what it wrote.
      const { signal } = new AbortController();
      const writer = await openArtifactWriter(
        { store: options.store, log, ids, signal, emit: record },
        { name, mediaType },
      );
      writers.push(writer);
      return writer;
    },
  };
  return {
    context,
    events,
    rows,
    chunks,
    partials,
    abort: (reason) => stop.abort(reason),
    async end(reason) {
      await Promise.all(writers.map((writer) => writer.abort(reason)));
    },
  };
}

function nobodyAnswers(): Promise<never> {
  return Promise.reject(new Error('there is nobody to ask here, and no time to wait'));
}
