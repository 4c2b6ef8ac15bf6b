import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, type ChecksumType } from '../body/checksum.ts';
import type { ObjectAttributes, Segment } from './object-record.ts';
import type { StoredJson } from './stored-json.ts';

/** A multipart upload that was neither completed nor aborted. Its parts are kept beside it, one file each. */
export interface UploadRecord extends ObjectAttributes {
  id: string;
  key: string;
  initiatedMs: number;
  checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType } | null;
}

export interface PartRecord extends Segment {
  partNumber: number;
  /** MD5 in hex, without quotes. */
  etag: string;
  lastModifiedMs: number;
  /** Base64, of the upload's algorithm or of the one the part was sent with. */
  checksum: { algorithm: ChecksumAlgorithm; value: string } | null;
}

/** An upload and its parts as they are held in memory. */
export interface Upload {
  record: UploadRecord;
  parts: Map<number, PartRecord>;
}

export function parseUploadRecord(json: StoredJson): UploadRecord {
  return {
    id: json.text('id'),
    key: json.text('key'),
    initiatedMs: json.count('initiatedMs'),
    headers: json.texts('headers'),
    metadata: json.texts('metadata'),
    checksum: json.optional('checksum', (item) => ({
      algorithm: item.oneOf('algorithm', CHECKSUM_ALGORITHMS),
      type: item.oneOf('type', ['FULL_OBJECT', 'COMPOSITE']),
    })),
  };
}

export function parsePartRecord(json: StoredJson): PartRecord {
  return {
    partNumber: json.count('partNumber'),
    file: json.text('file'),
    sizeBytes: json.count('sizeBytes'),
    etag: json.text('etag'),
    lastModifiedMs: json.count('lastModifiedMs'),
    checksum: json.optional('checksum', (item) => ({
      algorithm: item.oneOf('algorithm', CHECKSUM_ALGORITHMS),
      value: item.text('value'),
    })),
  };
}
