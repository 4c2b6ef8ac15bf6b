import type { FileId, TenantId } from '@nightshift/domain';

/** An uploaded document that is ready to be read. */
export interface CatalogFile {
  name: string;
  mediaType: string;
  bytes: number;
  s3Key: string;
}

/** The file, if it is this tenant's and ready: a foreign file is no file. */
export type FindFile = (tenantId: TenantId, fileId: FileId) => Promise<CatalogFile | undefined>;
