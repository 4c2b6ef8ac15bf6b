import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { type System, startSystem } from '../../support/start-system.ts';
import { type EffectServer, startEffectServer } from '../agents/effect-server.ts';
import { answerByPlan, readLabel } from '../lab/lab-plan.ts';
import { PatientClient } from '../lab/patient-client.ts';
import { type GatedProcess, spawnGated } from './gated-process.ts';

const AGENTS_MODULE = path.resolve(import.meta.dirname, '../agents/lab-agents.mjs');

/** Short, so that a frozen worker is replaced soon. */
const LEASE_MS = 2_500;

/**
 * An installation of its own, with one API process, one worker, and of each a successor that is loaded and waits. Crashes are
 * tried here one after the other; several lanes work at the same time.
 */
export interface Lane {
  readonly system: System;
  readonly effects: EffectServer;
  readonly client: PatientClient;
  /** Labels of tasks whose model refuses every request. */
  readonly refused: Set<string>;
  readonly random: () => number;
  /** The process that works. */
  current(kind: 'api' | 'worker'): GatedProcess;
  /** Starts the successor, which is the current one from now on, and loads the next. */
  replace(kind: 'api' | 'worker'): Promise<void>;
  stop(): Promise<void>;
}

export async function openLane(name: string, seed: number): Promise<Lane> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightshift-lane-'));
  const effects = await startEffectServer({ file: path.join(folder, 'effects.jsonl') });
  const refused = new Set<string>();
  const system = await startSystem({
    workers: 0,
    model: {
      streamDelayMs: 0,
      script: (request, info) =>
        refused.has(readLabel(info.firstUserText) ?? '')
          ? { type: 'error', status: 400, error_type: 'invalid_request_error', message: 'refused by the test' }
          : answerByPlan(request, info),
    },
    env: {
      NIGHTSHIFT_AGENTS: 'lab',
      NIGHTSHIFT_AGENTS_MODULE: AGENTS_MODULE,
      NIGHTSHIFT_EFFECTS_URL: effects.url,
      NIGHTSHIFT_LEASE_MS: String(LEASE_MS),
      LOG_LEVEL: 'info',
    },
  });
  await system.pool.query('create table lab_effects (task_id text not null, tool_use_id text not null)');
  await system.apiService.stop();
  const random = createSeededRandom(seed);
  let generation = 0;
  const spawn = (kind: 'api' | 'worker') => spawnGated(kind, `${name}-${kind}-${++generation}`, system.env);
  const living: GatedProcess[] = [];
  const current = { api: spawn('api'), worker: spawn('worker') };
  const next = { api: spawn('api'), worker: spawn('worker') };
  living.push(...Object.values(current), ...Object.values(next));
  await Promise.all([current.api.open(), current.worker.open()]);
  return {
    system,
    effects,
    client: new PatientClient({ apiUrls: [system.api.baseUrl], key: system.api.key, random }),
    refused,
    random,
    current: (kind) => current[kind],
    async replace(kind) {
      current[kind] = next[kind];
      await current[kind].open();
      next[kind] = spawn(kind);
      living.push(next[kind]);
    },
    async stop() {
      await Promise.all(living.map((process) => process.stop()));
      await system.stop();
      await effects.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
