import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchTask } from '../support/event-stream.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ workers: 1 });
});
afterAll(async () => {
  await system?.stop();
});

describe('the main job', () => {
  it('reads a document, speaks a brief and stores the facts', async () => {
    const task = await system.api.submitDocument('agreement.md', createSampleDocument());
    const frames = await watchTask(system.api.eventsUrl(task.id), { key: system.api.key });
    expect(frames.map((frame) => frame.id)).toEqual(frames.map((_, index) => index + 1));
    const done = await system.api.waitFor(task.id);
    expect(done).toMatchObject({
      status: 'completed',
      result: { title: 'Service Agreement', kind: 'contract', language: 'en' },
    });
    const artifactId = String(done.result?.brief_artifact_id);
    const audio = await system.api.request('GET', `/v1/artifacts/${artifactId}/content`);
    expect(audio.status).toBe(200);
    expect((await audio.arrayBuffer()).byteLength).toBeGreaterThan(2_000);
    expect(system.model.requests.every((request) => request.verdict.kind === 'well_formed')).toBe(true);
  });

  it('streams composed music to the client and to S3 while the model reads one sentence about it', async () => {
    const task = await system.api.submit({ prompt: 'Something calm, 5 seconds.' }, { agent: 'composer' });
    const frames = await watchTask(system.api.eventsUrl(task.id), { key: system.api.key });
    const types = frames.map((frame) => frame.type);
    expect(types.indexOf('music.started')).toBeLessThan(types.indexOf('music.audio'));
    expect(types.indexOf('music.audio')).toBeLessThan(types.indexOf('music.ended'));
    expect(types.filter((type) => type === 'tool.chunk').length).toBeGreaterThan(1);
    const done = await system.api.waitFor(task.id);
    const [artifact] = (
      await system.api.json<{ data: { id: string; bytes: number; status: string }[] }>(
        'GET',
        `/v1/tasks/${task.id}/artifacts`,
      )
    ).data;
    expect(artifact?.status).toBe('completed');
    expect(String(done.result?.text)).toContain(artifact?.id);
    const audio = await system.api.request('GET', `/v1/artifacts/${artifact?.id}/content`, undefined, {
      range: 'bytes=0-3',
    });
    expect(audio.status).toBe(206);
    expect(await audio.text()).toBe('RIFF');
    expect(JSON.stringify(system.model.requests.at(-1)?.body)).not.toContain('RIFF');
  });
});
