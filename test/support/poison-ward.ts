import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Service } from './spawn-service.ts';
import { type System, startSystem } from './start-system.ts';

const POISON_AGENTS = path.resolve(import.meta.dirname, '../faults/agents/poison-agents.mjs');

export interface Ward {
  system: System;
  /** What the tools wrote down before they did their harm. */
  readCalls(): { tool: string; pid: number; taskId: string }[];
  /** Workers that ended although nobody told them to. */
  deadWorkers: Service[];
  close(): Promise<void>;
}

/** A fleet with tools that harm their process, and an operator that starts a worker anew when one dies. */
export async function startWard(options: { workers: number; env?: Record<string, string> }): Promise<Ward> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightshift-poison-'));
  const file = path.join(folder, 'calls.jsonl');
  const system = await startSystem({
    workers: 0,
    env: {
      NIGHTSHIFT_AGENTS: 'poison',
      NIGHTSHIFT_AGENTS_MODULE: POISON_AGENTS,
      NIGHTSHIFT_POISON_LOG: file,
      NIGHTSHIFT_LEASE_MS: '3000',
      NIGHTSHIFT_ISOLATED_MEMORY_MB: '128',
      NODE_OPTIONS: '--max-old-space-size=128',
      ...options.env,
    },
  });
  const deadWorkers: Service[] = [];
  let isOver = false;
  const keepWorker = async (): Promise<void> => {
    const worker = await system.startWorker();
    void worker.exited.then(async () => {
      if (isOver) return;
      deadWorkers.push(worker);
      await keepWorker();
    });
  };
  for (let i = 0; i < options.workers; i++) await keepWorker();
  // "behave:300 behave:300" asks for these tools, one a turn, and then ends.
  system.model.script.push((_request, { turn, firstUserText }) => {
    const calls = firstUserText.match(/[a-z_]+:\d+/gu) ?? [];
    const [name, ms] = calls[turn - 1]?.split(':') ?? [];
    if (!name) return { type: 'message', content: [{ type: 'text', text: 'Done.' }] };
    return { type: 'message', content: [{ type: 'tool_use', name, input: { ms: Number(ms) } }] };
  });
  return {
    system,
    async close() {
      isOver = true;
      await system.stop();
      await rm(folder, { recursive: true, force: true });
    },
    deadWorkers,
    readCalls() {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
      return lines.map((line) => JSON.parse(line) as { tool: string; pid: number; taskId: string });
    },
  };
}

/** No process, or one that has ended and is not reaped yet. */
export function isGone(pid: number): boolean {
  try {
    return / [ZX] /u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
