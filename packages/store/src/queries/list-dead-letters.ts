import { type BatchId, type TaskId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { type Page, type PageRequest, toPage, toPageStatements } from '../page.ts';
import { runQuery } from '../run-query.ts';
import {
  DEAD_LETTER_SELECT,
  type DeadLetter,
  type DeadLetterColumns,
  type DeadLetterStatus,
  toDeadLetter,
} from './find-dead-letter.ts';
import type { DeadLetterReason } from './flush-tasks.ts';

export interface DeadLetterFilter {
  status?: DeadLetterStatus | undefined;
  reason?: DeadLetterReason | undefined;
  agent?: string | undefined;
  code?: string | undefined;
  fingerprint?: string | undefined;
  batchId?: BatchId | undefined;
  taskId?: TaskId | undefined;
}

const statements = toPageStatements('list-dead-letters', {
  id: 'id',
  select: DEAD_LETTER_SELECT,
  where: `tenant_id = $1::uuid
      and ($4::text is null or status = $4::text)
      and ($5::text is null or reason = $5::text)
      and ($6::text is null or agent = $6::text)
      and ($7::text is null or code = $7::text)
      and ($8::text is null or fingerprint = $8::text)
      and ($9::uuid is null or batch_id = $9::uuid)
      and ($10::uuid is null or task_id = $10::uuid)`,
});

/** Dead letters of the tenant, newest first. */
export async function listDeadLetters(
  db: Queryable,
  tenantId: TenantId,
  filter: DeadLetterFilter,
  page: PageRequest<'dl'>,
): Promise<Page<DeadLetter>> {
  const start = page.before ?? page.after;
  const statement = page.before === undefined ? statements.older : statements.newer;
  const rows = await runQuery<DeadLetterColumns>(db, statement, [
    toUuid(tenantId),
    start === undefined ? null : toUuid(start),
    page.limit + 1,
    filter.status ?? null,
    filter.reason ?? null,
    filter.agent ?? null,
    filter.code ?? null,
    filter.fingerprint ?? null,
    filter.batchId === undefined ? null : toUuid(filter.batchId),
    filter.taskId === undefined ? null : toUuid(filter.taskId),
  ]);
  return toPage(rows.map(toDeadLetter), page);
}
