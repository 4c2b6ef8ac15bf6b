import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TurnWatchdog } from './turn-watchdog.ts';

const TIMEOUTS = { silenceMs: 100, idleMs: 300, totalMs: 1_000 };

describe('TurnWatchdog', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends a turn without bytes after the silence', () => {
    const watchdog = new TurnWatchdog(TIMEOUTS);
    vi.advanceTimersByTime(99);
    expect(watchdog.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(watchdog.failure?.failure.code).toBe('model_stalled');
    expect(watchdog.signal.reason).toBe(watchdog.failure);
    watchdog.stop();
  });

  it('ends a turn with bytes and no content after the idle time', () => {
    const watchdog = new TurnWatchdog(TIMEOUTS);
    for (let ms = 0; ms < 300; ms += 50) {
      expect(watchdog.signal.aborted).toBe(false);
      watchdog.sawBytes();
      vi.advanceTimersByTime(50);
    }
    expect(watchdog.failure?.failure.message).toMatch(/no content/);
    watchdog.stop();
  });

  it('ends a turn whose content never ends at the total time', () => {
    const watchdog = new TurnWatchdog(TIMEOUTS);
    for (let ms = 0; ms < 1_000; ms += 50) {
      watchdog.sawBytes();
      watchdog.sawContent();
      vi.advanceTimersByTime(50);
    }
    expect(watchdog.failure?.failure.code).toBe('model_timeout');
    watchdog.stop();
  });

  it('does not blame the model for the time its listener takes, but keeps the total time', async () => {
    const watchdog = new TurnWatchdog(TIMEOUTS);
    let heard = () => {};
    const listening = watchdog.whileListening(new Promise<void>((resolve) => (heard = resolve)));
    vi.advanceTimersByTime(900);
    expect(watchdog.signal.aborted).toBe(false);
    heard();
    await listening;
    vi.advanceTimersByTime(99);
    expect(watchdog.failure).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(watchdog.failure).toBeDefined();
    watchdog.stop();
  });

  it('leaves no timer behind', () => {
    new TurnWatchdog(TIMEOUTS).stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
