import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventFixture, type EventFixture, progress } from './event-fixture.ts';

let fixture: EventFixture;
beforeAll(async () => {
  fixture = await createEventFixture();
});
afterAll(() => fixture.close());

describe('page', () => {
  it('gives at most the limit, and a cursor that leads through the whole log', async () => {
    const log = await fixture.openLog();
    for (let n = 0; n < 25; n++) void log.emit(n % 2 ? progress(n) : { type: 'log', data: { n } });
    await log.drain();
    const seen: number[] = [];
    let after = 0;
    for (;;) {
      const page = await fixture.hub.page(log.taskId, { after, limit: 4, visibility: 'developer' });
      if (page.events.length === 0) break;
      expect(page.events.length).toBeLessThanOrEqual(4);
      seen.push(...page.events.map((event) => event.sequence_number));
      after = page.lastSeq;
    }
    expect(seen).toEqual(Array.from({ length: 27 }, (_, n) => n + 1));
    const visible = await fixture.hub.page(log.taskId, { after: 2, limit: 100, visibility: 'user' });
    expect(visible.events).toHaveLength(12);
    expect(visible.lastSeq).toBe(27); // past the last visible one
    const filter = (type: string) => type === 'log';
    const logs = await fixture.hub.page(log.taskId, { after: 0, limit: 3, visibility: 'developer', filter });
    expect(logs.events.map(({ data }) => data.n)).toEqual([0, 2, 4]);
    const beyond = await fixture.hub.page(log.taskId, { after: 99, limit: 10, visibility: 'developer' });
    expect(beyond).toEqual({ events: [], lastSeq: 99 });
  });
});
