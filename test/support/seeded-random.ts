/** mulberry32: the same seed gives the same numbers in [0, 1). */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A seed from the environment, to repeat a failure, else a new one; printed either way. */
export function chooseSeed(): number {
  const seed = Number(process.env.NIGHTSHIFT_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  process.stderr.write(`[seed] NIGHTSHIFT_TEST_SEED=${seed}\n`);
  return seed;
}
