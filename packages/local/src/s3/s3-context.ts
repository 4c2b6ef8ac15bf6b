import type { Storage } from './storage/storage.ts';

/** What the operations need besides the request. */
export interface S3Context {
  storage: Storage;
  region: string;
  nowMs: () => number;
}
