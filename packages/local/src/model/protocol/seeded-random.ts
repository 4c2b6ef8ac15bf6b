import { createHash } from 'node:crypto';

/** A deterministic source of numbers in [0, 1): the same seed gives the same sequence (mulberry32). */
export type SeededRandom = () => number;

export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A seed from any text, so that equal content is cut into equal chunks. */
export function toSeed(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

/** Cuts text at arbitrary code points into pieces of `min` to `max` code points. Joined, they are the text again. */
export function cutText(text: string, random: SeededRandom, min: number, max: number): string[] {
  const points = Array.from(text);
  const pieces: string[] = [];
  for (let at = 0; at < points.length; ) {
    const size = min + Math.floor(random() * (max - min + 1));
    pieces.push(points.slice(at, at + size).join(''));
    at += size;
  }
  return pieces;
}
