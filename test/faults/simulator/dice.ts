import { createSeededRandom } from '../../support/seeded-random.ts';

/** Every decision of a run. The same seed gives the same decisions, as long as they are asked for in the same order. */
export class Dice {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = createSeededRandom(seed);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  between(from: number, to: number): number {
    return from + this.random() * (to - from);
  }

  integer(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }

  /** A UUID of version 7 whose order is decided by lot. */
  uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16)).join('');
    return `0${hex.slice(1, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
