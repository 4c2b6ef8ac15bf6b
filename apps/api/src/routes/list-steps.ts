import { findTaskHead, listSteps as querySteps } from '@nightshift/store';
import { z } from 'zod';
import { notFound, refuse } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toStep } from '../resources/to-step.ts';
import { numberParam } from '../schemas/list.ts';
import { stepSchema } from '../schemas/step.ts';

const MAX_LIMIT = 500;
const PLACE = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/;

const stepPageSchema = z.object({
  data: z.array(stepSchema),
  has_more: z.boolean(),
  next_after: z.string().nullable(),
});

export const listSteps = defineRoute({
  method: 'get',
  path: '/tasks/:task_id/steps',
  operationId: 'listSteps',
  summary: 'Read the journal of a task',
  scope: 'tasks:read',
  params: { task_id: 'task' },
  query: z.strictObject({
    limit: numberParam(1, MAX_LIMIT).prefault('100'),
    after: z.string().optional().meta({ description: '`next_after` of the page before.' }),
  }),
  responses: [{ status: 200, description: 'Steps of all runs, in order.', schema: stepPageSchema }],
  async handle(_context, { params, query, caller, db }) {
    if (!(await findTaskHead(db, caller.tenantId, params.task_id))) throw notFound('task');
    const [, run, turn, position] = PLACE.exec(query.after ?? '0.0.0') ?? [];
    if (run === undefined) throw refuse('malformed_cursor', 'Send the `next_after` of the page before.');
    const after = { run: Number(run), turn: Number(turn), position: Number(position) };
    const rows = await querySteps(db, params.task_id, after, query.limit + 1);
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    const hasMore = rows.length > shown.length;
    const nextAfter = hasMore && last ? `${last.run}.${last.turn}.${last.position}` : null;
    return { status: 200, body: { data: shown.map(toStep), has_more: hasMore, next_after: nextAfter } };
  },
});
