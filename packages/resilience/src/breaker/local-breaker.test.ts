import { createFailure } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { createLocalBreaker } from './local-breaker.ts';

const OPTIONS = { failureThreshold: 3, openMs: 1_000, probeLeaseMs: 500 };
const OUTAGE = createFailure('tool_failed', 'down');

function open(options: Partial<typeof OPTIONS> = {}) {
  const clock = { now: 5_000 };
  const breaker = createLocalBreaker({ now: () => clock.now }, { ...OPTIONS, ...options });
  return { breaker, clock };
}

describe('createLocalBreaker', () => {
  it('goes closed, open, half-open, open, half-open, closed, exactly at each boundary', () => {
    const { breaker, clock } = open();
    const seen: unknown[] = [];
    const look = () => {
      const verdict = breaker.before();
      seen.push([clock.now, verdict.kind === 'refused' ? verdict.retryAfterMs : verdict.probe ? 'probe' : 'pass']);
      return verdict.kind === 'pass' ? verdict.token : undefined;
    };
    look();
    breaker.failed(OUTAGE);
    breaker.failed(OUTAGE);
    look();
    expect(breaker.failed(OUTAGE)).toEqual({
      state: { kind: 'open', openedAt: 5_000, openMs: 1_000 },
      opened: true,
      closed: false,
    });
    look();
    clock.now = 5_999;
    look();
    clock.now = 6_000;
    const first = look();
    look();
    clock.now = 6_100;
    expect(breaker.failed(OUTAGE, first).opened).toBe(true);
    clock.now = 7_099;
    look();
    clock.now = 7_100;
    const second = look();
    expect(breaker.succeeded(second)).toEqual({ state: { kind: 'closed', failures: 0 }, opened: false, closed: true });
    look();
    expect(seen).toEqual([
      [5_000, 'pass'],
      [5_000, 'pass'],
      [5_000, 1_000],
      [5_999, 1],
      [6_000, 'probe'],
      [6_000, 500],
      [7_099, 1],
      [7_100, 'probe'],
      [7_100, 'pass'],
    ]);
  });

  it('counts only failures in a row', () => {
    const { breaker } = open();
    for (const outcome of ['bad', 'bad', 'good', 'bad', 'bad']) {
      if (outcome === 'bad') breaker.failed(OUTAGE);
      else breaker.succeeded();
    }
    expect(breaker.state()).toEqual({ kind: 'closed', failures: 2 });
  });

  it.each(['tool_rate_limited', 'model_rate_limited', 'tool_rejected', 'model_auth', 'deadline_exceeded'] as const)(
    'does not count %s',
    (code) => {
      const { breaker } = open({ failureThreshold: 1 });
      breaker.failed(createFailure(code, 'not an outage'));
      expect(breaker.state()).toEqual({ kind: 'closed', failures: 0 });
    },
  );

  it('hands the probe on when it ended without a verdict', () => {
    const { breaker, clock } = open({ failureThreshold: 1 });
    breaker.failed(OUTAGE);
    clock.now += 1_000;
    const probe = breaker.before();
    clock.now += 10;
    breaker.failed(createFailure('tool_rate_limited', '429'), probe.kind === 'pass' ? probe.token : undefined);
    expect(breaker.before()).toMatchObject({ kind: 'pass', probe: true });
  });

  it('lets the next caller probe when the prober died, and ignores the dead one when it comes back', () => {
    const { breaker, clock } = open({ failureThreshold: 1 });
    breaker.failed(OUTAGE);
    clock.now += 1_000;
    const dead = breaker.before();
    clock.now += 499;
    expect(breaker.before().kind).toBe('refused');
    clock.now += 1;
    const next = breaker.before();
    expect(next).toMatchObject({ kind: 'pass', probe: true });
    expect(breaker.succeeded(dead.kind === 'pass' ? dead.token : undefined).state.kind).toBe('half_open');
    expect(breaker.failed(OUTAGE, dead.kind === 'pass' ? dead.token : undefined).state.kind).toBe('half_open');
  });

  it('is not closed by a call that was let through before it opened', () => {
    const { breaker, clock } = open({ failureThreshold: 1 });
    breaker.before();
    breaker.failed(OUTAGE);
    expect(breaker.succeeded().state.kind).toBe('open');
    clock.now += 1_000;
    breaker.before();
    expect(breaker.succeeded().state.kind).toBe('half_open');
  });

  it('stays open as long as the service asked for, within reason', () => {
    const { breaker } = open({ failureThreshold: 1 });
    breaker.failed(createFailure('model_overloaded', 'later', { retryAfterMs: 30_000 }));
    expect(breaker.state()).toMatchObject({ openMs: 30_000 });
    const other = open({ failureThreshold: 1 }).breaker;
    other.failed(createFailure('model_overloaded', 'much later', { retryAfterMs: 10 ** 9 }));
    expect(other.state()).toMatchObject({ openMs: 15 * 60_000 });
  });

  it('obeys an operator until the operator undoes it', () => {
    const { breaker, clock } = open({ failureThreshold: 1 });
    breaker.force('open');
    clock.now += 10 ** 9;
    expect(breaker.before()).toMatchObject({ kind: 'refused', retryAfterMs: 1_000 });
    breaker.force('closed');
    for (let i = 0; i < 5; i++) breaker.failed(OUTAGE);
    expect(breaker.before()).toEqual({ kind: 'pass', probe: false });
    expect(breaker.force(null)).toEqual({ kind: 'closed', failures: 0 });
  });

  it.each([
    [{ failureThreshold: 0 }, /breaker\.failureThreshold must be a whole number of at least 1, got 0/],
    [{ openMs: Number.NaN }, /breaker\.openMs must be a whole number of at least 1, got NaN/],
    [{ probeLeaseMs: -5 }, /breaker\.probeLeaseMs must be a whole number of at least 1, got -5/],
  ])('refuses %j and names the field', (options, message) => {
    expect(() => open(options)).toThrow(message);
  });
});
