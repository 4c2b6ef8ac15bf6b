import { describe, expect, it } from 'vitest';
import { createMetrics, type ProcessKind } from './metrics.ts';

function namesOf(kind?: ProcessKind): string[] {
  const shown = createMetrics(kind).registry.getMetricsAsArray();
  return shown.map(({ name }) => name).filter((name) => name.startsWith('nightshift_'));
}

describe('createMetrics', () => {
  it('shows for a process what it measures and nothing of the other kind', () => {
    expect(namesOf('api').sort()).toEqual([
      'nightshift_http_requests_total',
      'nightshift_publish_failures_total',
      'nightshift_stream_gaps_total',
      'nightshift_stream_holes_filled_total',
      'nightshift_stream_subscribers',
      'nightshift_time_to_first_event_seconds',
    ]);
    const shared = namesOf('worker').filter((name) => namesOf('api').includes(name));
    expect(shared).toEqual(['nightshift_publish_failures_total']);
    expect(new Set([...namesOf('api'), ...namesOf('worker')])).toEqual(new Set(namesOf()));
  });

  it('leaves a metric that is not shown usable', async () => {
    const metrics = createMetrics('api');
    metrics.fencedWrites.inc();
    expect(await metrics.registry.metrics()).not.toContain('fenced_writes');
  });
});
