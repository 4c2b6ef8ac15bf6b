import type { StoredFile } from '@nightshift/store';
import type { FileResource } from '../schemas/file.ts';

export function toFile(row: StoredFile): FileResource {
  return {
    id: row.id,
    name: row.name,
    media_type: row.mediaType,
    bytes: row.bytes,
    sha256: row.sha256,
    content_url: `/v1/files/${row.id}/content`,
    created_at: row.createdAt.toISOString(),
  };
}
