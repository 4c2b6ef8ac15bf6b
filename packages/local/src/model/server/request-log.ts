import type { IncomingHttpHeaders } from 'node:http';
import type { ApiErrorType } from '../protocol/api-error.ts';
import type { StreamEnd } from '../protocol/write-stream.ts';

/** Bodies kept for inspection; past this the oldest bodies become null, so a long run cannot fill the memory. */
const MAX_KEPT_BODY_BYTES = 64 * 1024 * 1024;
/** Records kept at all. */
const MAX_RECORDS = 20_000;

/** What the validator said about one request. */
export type Verdict =
  /** Not a Messages request (models, unknown paths): nothing to judge. */
  | { kind: 'not_judged' }
  | { kind: 'well_formed'; inputTokens: number }
  | { kind: 'too_long'; inputTokens: number; maxTokens: number; message: string }
  | { kind: 'malformed'; status: number; errorType: ApiErrorType; message: string };

/** What was answered. `end` is how an event stream ended, or `whole` for a plain body, `none` for no body. */
export interface RecordedAnswer {
  status: number;
  scripted: boolean;
  stopReason: string | null;
  end: StreamEnd | 'whole' | 'none';
  bytes: number;
}

/** One request as it was received. */
export interface RecordedRequest {
  /** 1 for the first request of any kind. */
  number: number;
  requestId: string;
  receivedAt: string;
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed JSON; the text if it was no JSON; null if none, or dropped from an overlong log. */
  body: unknown;
  /** 1 + the assistant messages in it; null when it has no messages. */
  turn: number | null;
  verdict: Verdict;
  /** Null until answered. */
  answer: RecordedAnswer | null;
}

export interface RequestLog {
  readonly requests: RecordedRequest[];
  add(record: RecordedRequest): void;
  /** Counts a body towards the memory the log may take, and drops the oldest bodies past it. */
  noteBodyBytes(record: RecordedRequest, bytes: number): void;
  clear(): void;
}

export function createRequestLog(): RequestLog {
  const requests: RecordedRequest[] = [];
  const kept: { record: RecordedRequest; bytes: number }[] = [];
  let keptBytes = 0;
  return {
    requests,
    add(record) {
      requests.push(record);
      if (requests.length > MAX_RECORDS) requests.shift();
    },
    noteBodyBytes(record, bytes) {
      kept.push({ record, bytes });
      keptBytes += bytes;
      while (keptBytes > MAX_KEPT_BODY_BYTES && kept.length > 1) {
        const oldest = kept.shift();
        if (oldest === undefined) break;
        oldest.record.body = null;
        keptBytes -= oldest.bytes;
      }
    },
    clear() {
      requests.length = 0;
      kept.length = 0;
      keptBytes = 0;
    },
  };
}
