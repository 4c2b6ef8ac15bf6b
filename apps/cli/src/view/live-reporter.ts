import { createLogUpdate } from 'log-update';
import { type BatchView, countFinal } from '../batch/batch-view.ts';
import type { Colors } from './colors.ts';
import type { ProgressSample } from './estimate-progress.ts';
import { renderProgress } from './render-progress.ts';
import { reportSummary, type SummaryOutput } from './report-summary.ts';
import type { Reporter } from './reporter.ts';

const REDRAW_INTERVAL_MS = 125;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The stream of a terminal. */
export interface TerminalStream extends NodeJS.WritableStream {
  readonly columns?: number;
  readonly rows?: number;
}

/** Redraws the progress of a batch in place; messages scroll by above it. */
export function createLiveReporter(options: {
  stream: TerminalStream;
  colors: Colors;
  output: SummaryOutput;
}): Reporter {
  const { stream, colors } = options;
  const screen = createLogUpdate(stream);
  let timer: NodeJS.Timeout | undefined;
  let batch: BatchView | undefined;
  let first: ProgressSample | undefined;
  let connected = true;
  let frame = 0;
  const draw = () => {
    if (batch === undefined || first === undefined) return;
    frame += 1;
    const size = { columns: stream.columns ?? DEFAULT_COLUMNS, rows: stream.rows ?? DEFAULT_ROWS };
    const lines = renderProgress({ batch, first, nowMs: Date.now(), connected }, { ...size, colors, frame });
    screen(lines.join('\n'));
  };
  return {
    message: (text) => screen.persist(text),
    uploading: (done, total) => screen(colors.dim(`uploading ${done}/${total}`)),
    batch(next) {
      first ??= { atMs: Date.now(), final: countFinal(next) };
      batch = next;
      timer ??= setInterval(draw, REDRAW_INTERVAL_MS);
    },
    connection(value) {
      connected = value;
    },
    batchEnded() {
      clearInterval(timer);
      timer = undefined;
      draw();
      screen.done();
      batch = undefined;
      first = undefined;
    },
    ...reportSummary(options.output),
  };
}
