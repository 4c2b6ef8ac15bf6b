import { STATUSES } from '@nightshift/domain';
import { listTasks as queryTasks } from '@nightshift/store';
import { z } from 'zod';
import { defineRoute } from '../http/route.ts';
import { toListReply } from '../resources/to-list.ts';
import { toTask } from '../resources/to-task.ts';
import { idSchema } from '../schemas/id.ts';
import { listSchema, pageParams } from '../schemas/list.ts';
import { statusesParam } from '../schemas/statuses-param.ts';
import { taskSchema } from '../schemas/task.ts';
import { textSchema } from '../schemas/text.ts';

const MAX_TAGS = 10;

export const listTasks = defineRoute({
  method: 'get',
  path: '/tasks',
  operationId: 'listTasks',
  summary: 'List tasks, newest first',
  scope: 'tasks:read',
  query: z.strictObject({
    ...pageParams('task'),
    status: statusesParam(STATUSES).optional(),
    agent: textSchema(128).optional(),
    tags: textSchema(1_000)
      .transform((text) => text.split(','))
      .pipe(z.array(textSchema(64)).max(MAX_TAGS))
      .optional()
      .meta({ override: { type: 'string' }, description: 'Tags separated by commas; a task must have all of them.' }),
    batch_id: idSchema('batch').optional(),
    created_after: z.iso.datetime({ offset: true }).optional(),
    created_before: z.iso.datetime({ offset: true }).optional(),
  }),
  responses: [{ status: 200, description: 'A page of tasks.', schema: listSchema(taskSchema) }],
  async handle(_context, { caller, query, http, db }) {
    const filter = {
      statuses: query.status,
      agent: query.agent,
      tags: query.tags,
      batchId: query.batch_id,
      createdAfter: query.created_after === undefined ? undefined : new Date(query.created_after),
      createdBefore: query.created_before === undefined ? undefined : new Date(query.created_before),
    };
    const page = await queryTasks(db, caller.tenantId, filter, query);
    return toListReply(http, page, (row) => toTask(row));
  },
});
