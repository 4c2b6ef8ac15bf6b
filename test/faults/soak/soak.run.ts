import { setMaxListeners } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { createMessageChecker } from '../checkers/check-messages.ts';
import { checkProcesses } from '../checkers/check-processes.ts';
import { answerByPlan, findLabel, readLabel } from '../lab/lab-plan.ts';
import { PatientClient } from '../lab/patient-client.ts';
import { type Lab, startLab } from '../lab/start-lab.ts';
import type { Stop } from './find-takeovers.ts';
import { judgeSoak } from './judge-soak.ts';
import { measureSoak, type Phase } from './measure-soak.ts';
import { runChaos } from './run-chaos.ts';
import { watchMemory } from './watch-memory.ts';
import { startWorkload, type Workload } from './workload.ts';
import { writeReport } from './write-report.ts';

const MINUTES = Number(process.env.NIGHTSHIFT_SOAK_MINUTES ?? 1);
const SEED = Number(process.env.NIGHTSHIFT_SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const REPORT = process.env.NIGHTSHIFT_SOAK_REPORT ?? path.resolve('.nightshift/soak-report.md');
const OPEN_TASKS = Number(process.env.NIGHTSHIFT_SOAK_OPEN_TASKS ?? 120);
const MIN_SHARE_OF_CALM = 0.4;
/** Of the time asked for: calm, faults, calm. */
const CALM_SHARE = 0.25;
const DRAIN_TIMEOUT_MS = 180_000;

it(
  `keeps every promise for ${MINUTES} minutes of faults and calm`,
  async () => {
    process.stderr.write(`[seed] --seed ${SEED}\n`);
    const doomed = new Set<string>();
    const lab = await startLab({
      seed: SEED,
      apis: 2,
      workers: 3,
      env: { NIGHTSHIFT_LEASE_MS: '15000', NIGHTSHIFT_WORKER_CONCURRENCY: '40' },
      postgresSettings: { max_connections: '150' },
      script: (request, info) =>
        info.turn >= 2 && doomed.has(readLabel(info.firstUserText) ?? '')
          ? { type: 'error', status: 400, error_type: 'invalid_request_error', message: 'doomed' }
          : answerByPlan(request, info),
    });
    let isStopped = false;
    try {
      const report = await soak(lab, doomed);
      await lab.stop();
      isStopped = true;
      report.violations.push(...(await checkProcesses(lab.redisPrefix)));
      const text = writeReport(report);
      await mkdir(path.dirname(REPORT), { recursive: true });
      await writeFile(REPORT, text);
      expect(report.violations).toEqual([]);
      expect(report.shareOfCalm).toBeGreaterThanOrEqual(MIN_SHARE_OF_CALM);
    } finally {
      if (!isStopped) await lab.stop();
    }
  },
  MINUTES * 60_000 * 2 + 15 * 60_000,
);

async function soak(lab: Lab, doomed: Set<string>) {
  const random = createSeededRandom(SEED);
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const { apiUrls } = lab.fleet;
  const common = { apiUrls, key: lab.key, random: createSeededRandom(SEED + 1) };
  const client = new PatientClient(common);
  const checker = createMessageChecker(findLabel);
  const messages = watchMessages(lab, checker);
  const memory = watchMemory(lab.fleet);
  const startedAtMs = Date.now();
  const workload = startWorkload({
    ...common,
    client,
    signal: abort.signal,
    openTasks: OPEN_TASKS,
    doomed,
    onFinished: (task) => checker.forget(task.label),
  });
  const stops: Stop[] = [];
  const phases: Phase[] = [];
  const calmMs = MINUTES * 60_000 * CALM_SHARE;
  const chaosMs = MINUTES * 60_000 - 2 * calmMs;
  const unlessFailed = <T>(work: Promise<T>) => Promise.race([work, workload.failed]);
  phases.push(await unlessFailed(calm('calm before', calmMs)));
  const fromMs = Date.now();
  const faults = await unlessFailed(runChaos({ lab, random, stops }, { startedAtMs, untilMs: fromMs + chaosMs }));
  phases.push({ name: 'faults', fromMs, untilMs: Date.now() });
  await lab.heal();
  const readiness = await lab.fleet.allReady().then(
    () => [],
    (error: unknown) => [`not ready after the faults: ${String(error)}`],
  );
  await settle(workload, Date.now());
  phases.push(await unlessFailed(calm('calm after', calmMs)));
  const drained = await Promise.race([workload.drain().then(() => true), timeout(DRAIN_TIMEOUT_MS)]);
  if (!drained) abort.abort();
  await workload.drain().catch(() => undefined);
  memory.stop();
  const { violations, effects } = await judgeSoak(lab, client, workload.tasks);
  if (!drained) violations.push(`not everything was over ${DRAIN_TIMEOUT_MS} ms after the last submit`);
  violations.push(...readiness, ...messages.stop());
  return {
    ...measureSoak({
      lab,
      workload,
      phases,
      stops,
      faults,
      memory,
      effects,
      startedAtMs,
      seed: SEED,
      minutes: MINUTES,
    }),
    violations,
  };
}

async function calm(name: string, forMs: number): Promise<Phase> {
  const fromMs = Date.now();
  await timeout(forMs);
  return { name, fromMs, untilMs: Date.now() };
}

/** What was begun under faults is over, so that the calm that follows is calm. */
async function settle(workload: Workload, beforeMs: number): Promise<void> {
  const isOver = () => workload.tasks.every((task) => task.acceptedAtMs >= beforeMs || task.digest !== undefined);
  await eventually('what was begun under faults to be over', isOver, 120_000).catch(() => undefined);
}

async function timeout(forMs: number): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, forMs));
  return false;
}

/** Judges the requests to the model as they come: its record keeps only the latest. */
function watchMessages(lab: Lab, checker: ReturnType<typeof createMessageChecker>) {
  const problems: string[] = [];
  let last = 0;
  const look = () => {
    for (const request of lab.model.requests) {
      if (request.number <= last) continue;
      if (request.verdict.kind === 'not_judged') return;
      last = request.number;
      problems.push(...checker.check(request));
    }
  };
  const timer = setInterval(look, 500);
  return {
    stop() {
      clearInterval(timer);
      look();
      return problems;
    },
  };
}
