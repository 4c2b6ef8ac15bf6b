import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, toChecksumElement } from '../body/checksum.ts';
import { S3Error } from '../s3-error.ts';
import type { XmlElement } from '../xml/parse-xml.ts';

/** A part as the document of CompleteMultipartUpload names it. */
export interface ListedPart {
  partNumber: number;
  /** Without quotes. */
  etag: string;
  checksums: ReadonlyMap<ChecksumAlgorithm, string>;
}

/** @throws S3Error `MalformedXML` */
export function parseListedPart(element: XmlElement): ListedPart {
  const number = element.text('PartNumber')?.trim() ?? '';
  const etag = element
    .text('ETag')
    ?.trim()
    .replace(/^"(.*)"$/, '$1');
  if (!/^\d{1,5}$/.test(number) || etag === undefined) throw new S3Error('MalformedXML');
  const checksums = new Map<ChecksumAlgorithm, string>();
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = element.text(toChecksumElement(algorithm));
    if (value !== undefined) checksums.set(algorithm, value.trim());
  }
  return { partNumber: Number(number), etag, checksums };
}
