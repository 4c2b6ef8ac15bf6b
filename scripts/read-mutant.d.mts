export interface Mutant {
  file: string;
  name: string;
  what: string;
  invariant: string;
  caughtBy: string[];
}
export function readMutant(file: string, text: string): Mutant;
