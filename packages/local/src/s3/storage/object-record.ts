import { CHECKSUM_ALGORITHMS, type Checksum } from '../body/checksum.ts';
import type { StoredJson } from './stored-json.ts';

/** One file of bytes in a bucket's `data` folder. */
export interface Segment {
  /** A generated name; nothing a client sends becomes part of a path. */
  file: string;
  sizeBytes: number;
}

/** What a client said about an object besides its bytes. */
export interface ObjectAttributes {
  /** `content-type`, `content-disposition` and the like, lower-case names. */
  headers: Record<string, string>;
  /** User metadata without the `x-amz-meta-` prefix. */
  metadata: Record<string, string>;
}

/** An object as it is stored and served. Its bytes are the segments in order: one for a put, one per part of a multipart upload. */
export interface ObjectRecord extends ObjectAttributes {
  key: string;
  sizeBytes: number;
  /** Without quotes: MD5 in hex, or `md5(md5s)-<parts>`. */
  etag: string;
  lastModifiedMs: number;
  checksum: Checksum | null;
  segments: Segment[];
}

export function parseObjectRecord(json: StoredJson): ObjectRecord {
  return {
    key: json.text('key'),
    sizeBytes: json.count('sizeBytes'),
    etag: json.text('etag'),
    lastModifiedMs: json.count('lastModifiedMs'),
    headers: json.texts('headers'),
    metadata: json.texts('metadata'),
    checksum: json.optional('checksum', parseChecksum),
    segments: json.list('segments', (item) => ({ file: item.text('file'), sizeBytes: item.count('sizeBytes') })),
  };
}

function parseChecksum(json: StoredJson): Checksum {
  return {
    algorithm: json.oneOf('algorithm', CHECKSUM_ALGORITHMS),
    type: json.oneOf('type', ['FULL_OBJECT', 'COMPOSITE']),
    value: json.text('value'),
  };
}
