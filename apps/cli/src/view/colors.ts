import { Ansis } from 'ansis';

/** Styles for text; each returns its text unchanged when colour is off. */
export type Colors = Ansis;

const SIXTEEN_COLORS = 1;

export function createColors(enabled: boolean): Colors {
  return new Ansis(enabled ? SIXTEEN_COLORS : 0);
}
