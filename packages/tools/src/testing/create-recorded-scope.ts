import type { ArtifactWriter } from '@nightshift/artifacts';
import { createId, type NewEvent } from '@nightshift/domain';
import { createSilentLogger } from '@nightshift/telemetry';
import type { ToolCallScope } from '../executor/tool-call-scope.ts';

/** A scope without servers, and everything that a call did through it. For trying tools and for tests. */
export interface RecordedScope {
  readonly scope: ToolCallScope;
  readonly events: NewEvent[];
  readonly artifacts: RecordedArtifact[];
  /** What a cancel or a lost lease does. */
  abort(reason: unknown): void;
}

export interface RecordedArtifact {
  readonly name: string;
  readonly mediaType: string;
  readonly chunks: Uint8Array[];
  state: 'open' | 'closed' | 'aborted';
}

export function createRecordedScope(overrides: Partial<ToolCallScope> = {}): RecordedScope {
  const events: NewEvent[] = [];
  const artifacts: RecordedArtifact[] = [];
  const stop = new AbortController();
  const scope: ToolCallScope = {
    task: { id: createId('task'), tenantId: createId('tenant'), agent: 'test-agent', input: {} },
    callId: createId('step'),
    toolUseId: 'use_1',
    idempotencyKey: 'key-1',
    signal: stop.signal,
    deadlineAt: undefined,
    log: createSilentLogger(),
    async emit(event) {
      events.push(event);
    },
    transaction: {
      open: () => Promise.reject(new Error('there is no database here')),
      rollBack: async () => undefined,
    },
    async ask() {
      throw new Error('nobody answers here');
    },
    async waitOutside() {
      throw new Error('nobody waits here');
    },
    async createArtifactWriter(name, { mediaType }) {
      const artifact: RecordedArtifact = { name, mediaType, chunks: [], state: 'open' };
      artifacts.push(artifact);
      return toWriter(artifact);
    },
    ...overrides,
  };
  return { scope, events, artifacts, abort: (reason) => stop.abort(reason) };
}

function toWriter(artifact: RecordedArtifact): ArtifactWriter {
  const id = createId('art');
  const countBytes = () => artifact.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  return {
    id,
    get bytesWritten() {
      return countBytes();
    },
    async write(chunk) {
      artifact.chunks.push(chunk.slice());
    },
    async close() {
      if (artifact.state === 'open') artifact.state = 'closed';
      return { id, bytes: countBytes(), sha256: '0'.repeat(64) };
    },
    async abort() {
      if (artifact.state === 'open') artifact.state = 'aborted';
    },
  };
}
