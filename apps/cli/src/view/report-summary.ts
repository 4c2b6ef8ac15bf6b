import type { Colors } from './colors.ts';
import { renderDirections, STAND_IN_NOTICE } from './render-directions.ts';
import { renderResults } from './render-results.ts';
import type { Reporter } from './reporter.ts';

/** Where the results go, and where messages go. */
export interface SummaryOutput {
  readonly write: (text: string) => void;
  readonly message: (text: string) => void;
  readonly columns: () => number;
  readonly colors: Colors;
}

/** The table at the end, for people. */
export function reportSummary(output: SummaryOutput): Pick<Reporter, 'ready' | 'outcome'> {
  return {
    ready({ apiUrl, isStandInModel }) {
      output.message(`The API is ready on ${apiUrl}`);
      if (isStandInModel) output.message(STAND_IN_NOTICE);
    },
    outcome(outcome, place) {
      const screen = { columns: output.columns(), colors: output.colors };
      output.write(`\n${renderResults(outcome.results, outcome.refused, screen)}`);
      output.write(`\n${renderDirections(outcome, place, screen)}\n`);
    },
  };
}
