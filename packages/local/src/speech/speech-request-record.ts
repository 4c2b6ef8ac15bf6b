import type { PollyErrorType } from './polly-error.ts';
import type { SpeechFault } from './speech-faults.ts';

/** What one request asked and how it went; the server updates it while it answers. Tests read it. */
export interface SpeechRequestRecord {
  readonly operation: 'SynthesizeSpeech' | 'DescribeVoices' | 'Unknown';
  /** The parsed JSON body of a SynthesizeSpeech request, before any check; undefined when there was none or it was not JSON. */
  body?: unknown;
  readonly receivedAtMs: number;
  /** The scripted fault that it met. */
  fault: SpeechFault | null;
  /** null until the reply starts. */
  status: number | null;
  errorType: PollyErrorType | null;
  /** Bytes of the reply's body handed to the connection so far. */
  bytesSent: number;
  /** `aborted`: the client went away, or a fault tore the connection. */
  state: 'received' | 'streaming' | 'completed' | 'aborted';
}

/** Older records are dropped. */
const MAX_RECORDS = 1_000;

/** Appends a new record and keeps the list bounded. */
export function recordRequest(
  records: SpeechRequestRecord[],
  operation: SpeechRequestRecord['operation'],
): SpeechRequestRecord {
  const record: SpeechRequestRecord = {
    operation,
    receivedAtMs: Date.now(),
    fault: null,
    status: null,
    errorType: null,
    bytesSent: 0,
    state: 'received',
  };
  records.push(record);
  if (records.length > MAX_RECORDS) records.shift();
  return record;
}
