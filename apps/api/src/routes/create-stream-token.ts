import { findTaskHead } from '@nightshift/store';
import { notFound, refuse } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { signStreamToken } from '../http/stream-token.ts';
import { streamTokenRequestSchema, streamTokenSchema } from '../schemas/stream-token.ts';

export const createStreamToken = defineRoute({
  method: 'post',
  path: '/tasks/:task_id/stream-tokens',
  operationId: 'createStreamToken',
  summary: 'Make a token with which a browser can watch one task',
  description: "A browser's EventSource cannot send headers: the token goes into `?access_token=`. It can only read.",
  scope: 'tasks:read',
  params: { task_id: 'task' },
  body: { schema: streamTokenRequestSchema, limit: 'task', optional: true, example: { expires_in_seconds: 600 } },
  responses: [{ status: 201, description: 'The token; it is shown once.', schema: streamTokenSchema }],
  async handle(context, { params, body, caller }) {
    const taskId = params.task_id;
    if (!(await findTaskHead(context.pool, caller.tenantId, taskId))) throw notFound('task');
    const signing = await context.keys.findById(caller.keyId);
    if (!signing) throw refuse('unauthorized', 'The key is not valid any more.');
    const expiresAt = new Date((Math.floor(Date.now() / 1_000) + body.expires_in_seconds) * 1_000);
    const secret = { keySha256: signing.sha256, tokenSecret: context.config.streams.tokenSecret };
    const token = signStreamToken({ keyId: caller.keyId, taskId, expiresAt }, secret);
    const eventsUrl = `/v1/tasks/${taskId}/events?access_token=${token}`;
    return { status: 201, body: { token, expires_at: expiresAt.toISOString(), events_url: eventsUrl } };
  },
});
