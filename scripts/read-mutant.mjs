/**
 * The head of a mutant's patch: what it takes away, whose invariant that was, and the test files that must notice.
 * @param {string} file
 * @param {string} text
 * @returns {{ file: string, name: string, what: string, invariant: string, caughtBy: string[] }}
 */
export function readMutant(file, text) {
  const head = text.slice(0, text.indexOf('diff --git'));
  const field = (name) => new RegExp(`^${name}: (.+)$`, 'm').exec(head)?.[1]?.trim() ?? '';
  const mutant = {
    file,
    name: file.replace(/\.patch$/, ''),
    what: field('What'),
    invariant: field('Invariant'),
    caughtBy: field('Caught by').split(/,\s*/).filter(Boolean),
  };
  if (!mutant.what || !mutant.invariant || mutant.caughtBy.length === 0) {
    throw new Error(`${file}: a mutant's head needs the lines What:, Invariant: and Caught by:`);
  }
  return mutant;
}
