import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { chooseSeed, createSeededRandom } from '../support/seeded-random.ts';
import { checkEffects } from './checkers/check-effects.ts';
import { checkTranscript } from './checkers/check-transcript.ts';
import { drawPlan, findLabel, type LabPlan, toPrompt } from './lab/lab-plan.ts';
import { PatientClient } from './lab/patient-client.ts';
import { type Lab, startLab } from './lab/start-lab.ts';
import { openTranscript, watchIntoTranscript } from './lab/stream-client.ts';
import { readResidentMib } from './soak/watch-memory.ts';

const seed = chooseSeed();
const random = createSeededRandom(seed);
const signal = AbortSignal.timeout(15 * 60_000);
const CANCELS = 120;
const FLOOD = 2_000;
/** Of both API processes together, for 200 connections. */
const MAX_GROWTH_MIB = 120;

let lab: Lab;
let client: PatientClient;
beforeAll(async () => {
  lab = await startLab({ seed });
  client = new PatientClient({ apiUrls: lab.fleet.apiUrls, key: lab.key, random });
}, 120_000);
afterAll(async () => {
  await lab?.stop();
});

async function submit(plan: LabPlan): Promise<string> {
  const body = { agent: 'lab', input: { prompt: toPrompt(plan) } };
  const answer = await client.request<{ id: string }>('POST', '/v1/tasks', { body, signal });
  expect(answer.status).toBe(202);
  return answer.body.id;
}

/** Watches to the end; `onEvent` is told how many events there were. */
async function watch(taskId: string, onEvent?: (count: number) => void) {
  const transcript = openTranscript(taskId);
  let count = 0;
  const onFrame = () => {
    count += 1;
    onEvent?.(count);
  };
  const { apiUrls } = lab.fleet;
  const habit = { kind: 'steady' as const };
  await watchIntoTranscript(transcript, { apiUrls, key: lab.key, taskId, habit, random, signal, onFrame });
  return transcript.frames;
}

function residentMib(): number {
  const apis = lab.fleet.members.filter((member) => member.kind === 'api');
  return apis.reduce((sum, { service }) => sum + (readResidentMib(service.pid) ?? 0), 0);
}

describe('F84 · a cancel at every event of a task', () => {
  it('has one winner that everybody sees, and silence afterwards', async () => {
    const plan = drawPlan('F84', random, { delayMs: 30 });
    let winners = { cancel: 0, completion: 0 };
    for (let round = 0; round < CANCELS; round += 8) {
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const taskId = await submit({ ...plan, label: `F84-${round + index}` });
          let asked: Promise<{ status: number } | undefined> | undefined;
          const frames = await watch(taskId, (count) => {
            if (count === 1 + ((round + index) % 60)) asked = client.ask('POST', `/v1/tasks/${taskId}/cancel`, {});
          });
          return { taskId, frames, answer: await asked };
        }),
      );
      for (const { taskId, frames, answer } of outcomes) {
        expect(checkTranscript(taskId, frames)).toEqual([]);
        const last = frames.at(-1)?.type;
        if (answer)
          expect({ taskId, last, status: answer.status }).toMatchObject({
            last: answer.status === 202 ? 'task.cancelled' : 'task.completed',
          });
        winners =
          last === 'task.cancelled'
            ? { ...winners, cancel: winners.cancel + 1 }
            : { ...winners, completion: winners.completion + 1 };
      }
      const byTask = new Map(outcomes.map(({ taskId, frames }) => [taskId, frames]));
      const effects = lab.effects.calls().filter((effect) => byTask.has(effect.taskId));
      expect(checkEffects(effects, byTask).problems).toEqual([]);
    }
    expect(winners.cancel).toBeGreaterThan(0);
    expect(winners.completion).toBeGreaterThan(0);
  }, 300_000);
});

describe('F83 · a dead letter replayed by ten operators at once', () => {
  it('makes one new run', async () => {
    let isRefusing = true;
    lab.model.script.set((request, info) =>
      isRefusing && info.firstUserText.includes('F83')
        ? { type: 'error', status: 400, error_type: 'invalid_request_error', message: 'refused' }
        : lab.script(request, info),
    );
    const taskId = await submit(drawPlan('F83', random));
    expect((await watch(taskId)).at(-1)?.type).toBe('task.failed');
    isRefusing = false;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => client.ask<{ run: number }>('POST', `/v1/tasks/${taskId}/replay`, {})),
    );
    expect(answers.filter((answer) => answer?.status === 202)).toHaveLength(1);
    const frames = await watch(taskId);
    expect(checkTranscript(taskId, frames)).toEqual([]);
    expect(frames.filter(({ type }) => type === 'task.replayed')).toHaveLength(1);
    expect(frames.at(-1)?.type).toBe('task.completed');
  }, 60_000);
});

describe('F65 · kill -9 of the worker between calls of one turn', () => {
  it('adds results for exactly the calls that have none, and the model sees each once', async () => {
    const calls = Array.from({ length: 6 }, (_, n) => {
      const tool = ['effect_pure', 'effect_keyed', 'effect_unsafe'][n % 3] ?? 'effect_pure';
      return { tool, input: { n, delayMs: n * 120 } };
    });
    const taskId = await submit({ label: 'F65', turns: [calls] });
    let isKilled = false;
    const log = await watch(taskId, () => {
      const effects = lab.effects.calls().filter((effect) => effect.taskId === taskId);
      if (isKilled || effects.length < 3) return;
      isKilled = true;
      for (const member of lab.fleet.members) if (member.kind === 'worker') lab.fleet.kill(member);
    });
    expect(isKilled).toBe(true);
    expect(checkTranscript(taskId, log)).toEqual([]);
    expect(log.at(-1)?.type).toBe('task.completed');
    const effects = lab.effects.calls().filter((effect) => effect.taskId === taskId);
    expect(checkEffects(effects, new Map([[taskId, log]])).problems).toEqual([]);
    const asked = lab.model.requests.filter((request) => findLabel(request) === 'F65');
    expect(asked.every(({ verdict }) => verdict.kind === 'well_formed')).toBe(true);
    expect(asked.filter(({ turn }) => turn === 1)).toHaveLength(1);
  }, 60_000);
});

describe('F69 · 200 clients that take nothing', () => {
  it('delay nobody, and the memory of the API does not grow with what they do not take', async () => {
    const taskId = await submit({ label: 'F69', turns: [] });
    await watch(taskId);
    const plan = drawPlan('F69-long', random, { delayMs: 100 });
    const long = await submit({ ...plan, turns: Array.from({ length: 12 }, () => plan.turns[0] ?? []) });
    const leave = new AbortController();
    const before = residentMib();
    const deaf = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const url = `${lab.fleet.apiUrls[index % 2]}/v1/tasks/${long}/events?visibility=developer`;
        const response = await fetch(url, {
          signal: leave.signal,
          headers: { accept: 'text/event-stream', authorization: `Bearer ${lab.key}` },
        });
        expect(response.status).toBe(200);
        return response; // nobody reads its body
      }),
    );
    const frames = await watch(long);
    expect(checkTranscript(long, frames)).toEqual([]);
    expect(deaf).toHaveLength(200);
    expect(residentMib() - before).toBeLessThan(MAX_GROWTH_MIB);
    leave.abort();
  }, 120_000);
});

describe(`F53 · ${FLOOD} tasks that become due at once`, () => {
  it('are all run, and no process ends over it', async () => {
    const requests = Array.from({ length: FLOOD }, (_, index) => {
      return { custom_id: `${index}`, input: { prompt: toPrompt({ label: `F53-${index}`, turns: [] }) } };
    });
    const batch = await client.request<{ id: string }>('POST', '/v1/batches', {
      body: { agent: 'lab', requests },
      signal,
    });
    expect(batch.status).toBe(202);
    const counts = await eventually(
      'every task to be over',
      async () => {
        const answer = await client.request<{ request_counts: Record<string, number> }>(
          'GET',
          `/v1/batches/${batch.body.id}`,
          {
            signal,
          },
        );
        return answer.body.request_counts.completed === FLOOD && answer.body.request_counts;
      },
      240_000,
    );
    expect(counts).toMatchObject({ queued: 0, running: 0, failed: 0 });
    expect(lab.fleet.unexpectedExits).toEqual([]);
  }, 300_000);
});
