import { isId, type TenantId } from '@nightshift/domain';
import { ToolError } from '../../errors/tool-error.ts';
import type { CatalogFile, FindFile } from './catalog-file.ts';

/** Longer texts are not ids, and need not be repeated to anybody. */
const MAX_SHOWN_CHARS = 60;

/** The file, or a ToolError for the model. An id that is malformed, unknown or another tenant's gets the same answer. */
export async function requireFile(findFile: FindFile, tenantId: TenantId, fileId: string): Promise<CatalogFile> {
  const file = isId('file', fileId) ? await findFile(tenantId, fileId) : undefined;
  if (file) return file;
  const content = `File not found: "${fileId.slice(0, MAX_SHOWN_CHARS)}". Use a file_id given in the task.`;
  throw new ToolError(content, { code: 'not_found' });
}
