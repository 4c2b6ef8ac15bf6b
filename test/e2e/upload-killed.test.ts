import { afterEach, describe, expect, it } from 'vitest';
import { createObjectStore, type ObjectStore } from '../../packages/artifacts/src/index.ts';
import { createSilentLogger } from '../../packages/telemetry/src/index.ts';
import { watchTask } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';

let system: System | undefined;
let objects: ObjectStore | undefined;
afterEach(async () => {
  objects?.close();
  await system?.stop();
  system = undefined;
});

describe('kill -9 of the worker between an upload and its pointer', () => {
  it('leaves no part and no object that no row refers to, once the janitor has passed', async () => {
    const running = await startSystem({ workers: 2, env: { NIGHTSHIFT_UPLOAD_AGE_MS: '0' } });
    system = running;
    const { endpoint, region, credentials } = running.s3.clientOptions;
    objects = createObjectStore({
      endpoint,
      region,
      credentials,
      bucket: running.s3.bucket,
      log: createSilentLogger(),
    });
    // S3 stores the audio and never says so: that is where the worker dies.
    running.s3.faults.add({ match: { operation: 'HeadObject' }, times: 1, action: { kind: 'hang' } });
    const task = await running.api.submitDocument('agreement.md', createSampleDocument());
    const watching = watchTask(running.api.eventsUrl(task.id), { key: running.api.key });
    const owner = await eventually('the audio is stored and its pointer is not', async () => {
      if (running.s3.operations.of('HeadObject').length === 0) return undefined;
      const { rows } = await running.pool.query<{ s3_key: string; name: string }>(
        `select a.s3_key, w.name from artifacts a join tasks t on t.id = a.task_id
         join workers w on w.incarnation = t.incarnation where a.status = 'uploading'`,
      );
      return rows[0];
    });
    expect(await objects.head(owner.s3_key)).toBeDefined();
    running.workers.find((worker) => worker.name === owner.name)?.kill('SIGKILL');
    await watching;
    expect((await running.api.task(task.id)).status).toBe('completed');
    await eventually(
      'the janitor has passed',
      async () => {
        const { rows } = await running.pool.query("select 1 from artifacts where status = 'aborted' and discards = 2");
        return rows.length === 1;
      },
      60_000,
    );
    expect(await objects.head(owner.s3_key)).toBeUndefined();
    expect(await objects.listUploads('')).toEqual([]);
    const { rows } = await running.pool.query<{ s3_key: string }>(
      "select s3_key from artifacts where status = 'completed'",
    );
    expect(rows).toHaveLength(1);
    for (const { s3_key } of rows) expect(await objects.head(s3_key)).toBeDefined();
  }, 120_000);
});
