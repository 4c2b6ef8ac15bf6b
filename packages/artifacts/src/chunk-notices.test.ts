import { describe, expect, it } from 'vitest';
import { ChunkNotices } from './chunk-notices.ts';

describe('ChunkNotices', () => {
  it('tells of every byte once, of a fast stream ever more rarely', () => {
    const notices = new ChunkNotices(() => 0);
    const told: { offset: number; length: number }[] = [];
    const totalBytes = 100 * 1024 * 1024;
    for (let bytes = 8_192; bytes <= totalBytes; bytes += 8_192) {
      const notice = notices.take(bytes);
      if (notice) told.push(notice);
    }
    const rest = notices.takeRest(totalBytes);
    if (rest) told.push(rest);
    const ends = told.reduce((end, notice) => {
      expect(notice.offset).toBe(end);
      return end + notice.length;
    }, 0);
    expect(ends).toBe(totalBytes);
    expect(told.length).toBeLessThan(200);
  });

  it('tells of a slow stream every 250 ms', () => {
    let nowMs = 0;
    const notices = new ChunkNotices(() => nowMs);
    const told = [100, 200, 249, 260, 300, 520].map((ms) => {
      nowMs = ms;
      return notices.take(ms) !== undefined;
    });
    expect(told).toEqual([false, false, false, true, false, true]);
  });

  it('says nothing when there is nothing new', () => {
    expect(new ChunkNotices(() => 0).takeRest(0)).toBeUndefined();
  });
});
