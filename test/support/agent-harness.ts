import { expect } from 'vitest';
import { createObjectStore } from '../../packages/artifacts/src/index.ts';
import { createFlusher } from '../../packages/eventlog/src/index.ts';
import { openPool, type Pool } from '../../packages/store/src/index.ts';
import { createMetrics, createSilentLogger } from '../../packages/telemetry/src/index.ts';
import { openScene, type Scene, type SceneOptions } from './agent-scene.ts';
import { createTestDatabase } from './test-database.ts';

/** Real Postgres, flusher, provider, model server and tools; only the queue and the process around them are missing. */
export interface AgentHarness {
  readonly pool: Pool;
  readonly databaseUrl: string;
  open(options: SceneOptions): Promise<Scene>;
  /** Closes the scenes opened since the last call, and fails when one of them sent a malformed request. */
  closeScenes(): Promise<void>;
  close(): Promise<void>;
}

export async function createAgentHarness(): Promise<AgentHarness> {
  const database = await createTestDatabase();
  const log = createSilentLogger();
  const open = (maxConnections: number) =>
    openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections, log });
  const pool = open(4);
  const flushPool = open(1);
  const metrics = createMetrics();
  const publisher = { publish: () => undefined, idle: async () => undefined };
  const flusher = createFlusher({ pool: flushPool, publisher, log, metrics });
  const scenes: Scene[] = [];
  const objectStore = createObjectStore({
    endpoint: 'http://127.0.0.1:9',
    bucket: 'none',
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    log,
  });
  return {
    pool,
    databaseUrl: database.url,
    async open(options) {
      const scene = await openScene({ pool, flusher, metrics, objectStore, log }, options);
      scenes.push(scene);
      return scene;
    },
    async closeScenes() {
      const opened = scenes.splice(0);
      await Promise.all(opened.map((scene) => scene.close()));
      for (const scene of opened) expect(scene.malformedRequests()).toEqual([]);
    },
    async close() {
      objectStore.close();
      await Promise.all([pool.end(), flushPool.end()]);
      await database.drop();
    },
  };
}
