import { describe, expect, it } from 'vitest';
import { createSemaphore } from './semaphore.ts';

describe('createSemaphore', () => {
  it('hands permits on in the order of arrival', async () => {
    const semaphore = createSemaphore(1);
    const order: number[] = [];
    const release = await semaphore.acquire();
    const waiters = [1, 2, 3].map(async (n) => {
      const giveBack = await semaphore.acquire();
      order.push(n);
      giveBack();
    });
    expect([semaphore.free, semaphore.waiting]).toEqual([0, 3]);
    release();
    await Promise.all(waiters);
    expect(order).toEqual([1, 2, 3]);
    expect([semaphore.free, semaphore.waiting]).toEqual([1, 0]);
  });

  it('gives back once, however often it is told', async () => {
    const semaphore = createSemaphore(2);
    const release = await semaphore.acquire();
    release();
    release();
    expect(semaphore.free).toBe(2);
  });

  it('forgets a waiter who gives up, and the permit goes to the next one', async () => {
    const semaphore = createSemaphore(1);
    const release = await semaphore.acquire();
    const stop = new AbortController();
    const impatient = semaphore.acquire(stop.signal);
    const patient = semaphore.acquire();
    stop.abort('enough');
    await expect(impatient).rejects.toBe('enough');
    release();
    (await patient)();
    expect([semaphore.free, semaphore.waiting]).toEqual([1, 0]);
  });

  it('keeps a permit that arrived in the moment of an abort with its owner', async () => {
    const semaphore = createSemaphore(1);
    const release = await semaphore.acquire();
    const stop = new AbortController();
    const waiter = semaphore.acquire(stop.signal);
    release();
    stop.abort('too late');
    (await waiter)();
    expect(semaphore.free).toBe(1);
  });

  it('refuses an aborted signal and a number of permits that makes no sense', async () => {
    await expect(createSemaphore(1).acquire(AbortSignal.abort('enough'))).rejects.toBe('enough');
    expect(() => createSemaphore(0)).toThrow('permits must be a whole number of at least 1, got 0');
  });
});
