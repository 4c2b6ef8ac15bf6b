import { AGENT_INPUTS } from '@nightshift/agent';
import { type FileId, isId, type TenantId } from '@nightshift/domain';
import { findIdempotentAnswer, findReadyFileIds, type IdempotentAnswer } from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { MAX_ERRORS } from '../http/parse-with.ts';
import { refuse } from '../http/refuse.ts';
import { toPointer } from '../http/to-pointer.ts';
import type { AgentRequest } from './assert-agent-inputs.ts';

/**
 * Whether the files that the inputs name exist. False is for a repetition of a request whose files were deleted since:
 * it is to get its stored answer, and nothing new is to be written. Ids of other tenants are unknown ones (I21).
 * @throws RequestError invalid_request naming every file that there is not
 */
export async function hasInputFiles(
  context: ApiContext,
  about: { tenantId: TenantId; answer: IdempotentAnswer | undefined; requests: readonly AgentRequest[] },
): Promise<boolean> {
  const wanted = about.requests.flatMap(listFiles);
  if (wanted.length === 0) return true;
  const ids = [...new Set(wanted.map(({ fileId }) => fileId))];
  const found = await findReadyFileIds(context.pool, about.tenantId, ids);
  const missing = wanted.filter(({ fileId }) => !found.has(fileId));
  if (missing.length === 0) return true;
  if (about.answer && (await findIdempotentAnswer(context.pool, about.answer))) return false;
  const detail = 'There is no such file; it was deleted, or its upload has not ended.';
  const errors = missing.slice(0, MAX_ERRORS).map(({ pointer }) => ({ pointer, detail, code: 'unknown_file' }));
  throw refuse('invalid_request', 'The input names a file that does not exist.', errors);
}

function listFiles({ agent, input, path }: AgentRequest): { fileId: FileId; pointer: string }[] {
  const fields = AGENT_INPUTS.get(agent)?.fileFields ?? [];
  return fields.flatMap((field) => {
    const value: unknown = Object.entries(input ?? {}).find(([name]) => name === field)?.[1];
    return isId('file', value) ? [{ fileId: value, pointer: toPointer([...path, 'input', field]) }] : [];
  });
}
