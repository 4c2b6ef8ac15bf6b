import type { BatchView } from '../batch/batch-view.ts';
import type { TaskResult } from '../batch/task-result.ts';
import type { RefusedDocument } from '../documents/upload-documents.ts';

/** What is left to say when a batch has ended. */
export interface BatchOutcome {
  readonly batchId: string | undefined;
  readonly results: readonly TaskResult[];
  readonly refused: readonly RefusedDocument[];
}

/** Where everything is that was started. */
export interface ServingPlace {
  readonly apiUrl: string;
  readonly apiKeyFile: string;
  readonly dataDir: string;
  readonly logDir: string;
  /** Holds the address of the database; undefined: one from outside, whose address the user knows. */
  readonly databaseUrlFile: string | undefined;
  readonly isStandInModel: boolean;
}

/** Shows a user what happens: a terminal, plain lines or JSON lines. */
export interface Reporter {
  /** Something worth a line. */
  message(text: string): void;
  /** Documents are being uploaded. */
  uploading(done: number, total: number): void;
  /** The newest state of the batch. */
  batch(batch: BatchView): void;
  /** Whether the API answers. */
  connection(connected: boolean): void;
  /** The batch has ended; whatever was being redrawn is left as it is. */
  batchEnded(): void;
  ready(place: ServingPlace): void;
  outcome(outcome: BatchOutcome, place: ServingPlace): void;
}
