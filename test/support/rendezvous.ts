/** Lets nobody go on before so many are there: what really runs at once meets, what does not hangs. */
export function createRendezvous(count: number): () => Promise<void> {
  let arrived = 0;
  let open = () => {};
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  return async () => {
    if (++arrived >= count) open();
    await all;
  };
}
