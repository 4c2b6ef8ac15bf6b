import { S3Error } from '../s3-error.ts';
import type { ObjectRecord } from '../storage/object-record.ts';

/** Whether a read goes on or is answered `304 Not Modified`. */
export type ReadDecision = 'send' | 'not_modified';

type Version = Pick<ObjectRecord, 'etag' | 'lastModifiedMs'>;
type Headers = ReadonlyMap<string, string>;

/**
 * Evaluates the conditions of a read in the order of RFC 9110 section 13.2.2.
 * @param prefix `x-amz-copy-source-` for the conditions on the source of a copy
 * @throws S3Error `PreconditionFailed`
 */
export function decideRead(headers: Headers, version: Version, prefix = ''): ReadDecision {
  const ifMatch = headers.get(`${prefix}if-match`);
  const ifUnmodifiedSince = parseDate(headers.get(`${prefix}if-unmodified-since`));
  const ifNoneMatch = headers.get(`${prefix}if-none-match`);
  const ifModifiedSince = parseDate(headers.get(`${prefix}if-modified-since`));
  if (ifMatch !== undefined) {
    if (!matchesEtag(ifMatch, version.etag)) throw failed('If-Match');
  } else if (ifUnmodifiedSince !== null && toSeconds(version.lastModifiedMs) > toSeconds(ifUnmodifiedSince)) {
    throw failed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) return matchesEtag(ifNoneMatch, version.etag) ? 'not_modified' : 'send';
  if (ifModifiedSince === null) return 'send';
  return toSeconds(version.lastModifiedMs) <= toSeconds(ifModifiedSince) ? 'not_modified' : 'send';
}

/**
 * Checks the conditions of a write ("Conditional writes", S3 user guide). It is called under the key's lock right before
 * the write, so that of several writers exactly one finds the key free.
 * @throws S3Error `PreconditionFailed`, `NoSuchKey` for `If-Match` on nothing, `NotImplemented` for an `If-None-Match` other than `*`
 */
export function checkWrite(headers: Headers, key: string, current: Version | undefined): void {
  const ifNoneMatch = headers.get('if-none-match');
  const ifMatch = headers.get('if-match');
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*') {
      throw new S3Error('NotImplemented', { message: 'A write takes no other If-None-Match than "*".' });
    }
    if (current !== undefined) throw failed('If-None-Match');
  }
  if (ifMatch === undefined) return;
  if (current === undefined) throw new S3Error('NoSuchKey', { fields: { Key: key } });
  if (!matchesEtag(ifMatch, current.etag)) throw failed('If-Match');
}

/** `If-Range`: a range of another version than the one the client has would be spliced into it. */
export function allowsRange(headers: Headers, version: Version): boolean {
  const ifRange = headers.get('if-range');
  if (ifRange === undefined) return true;
  const date = parseDate(ifRange);
  return date === null ? matchesEtag(ifRange, version.etag) : toSeconds(version.lastModifiedMs) === toSeconds(date);
}

function matchesEtag(header: string, etag: string): boolean {
  return header.split(',').some((item) => {
    const given = item
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return given === '*' || given === etag;
  });
}

/** HTTP dates have whole seconds, so that is what is compared. */
function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function parseDate(text: string | undefined): number | null {
  const parsed = /^[A-Z][a-z]{2,8},? /.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { fields: { Condition: condition } });
}
