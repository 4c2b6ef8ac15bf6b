import type { Request } from 'express';
import type { ApiContext } from '../context.ts';
import { refuse } from '../http/refuse.ts';
import type { Caller, Scope } from '../http/route.ts';
import { readStreamToken } from '../http/stream-token.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,200})$/i;

/**
 * Who sends the request: by key, or by stream token where the route accepts one. Every refusal has the same body, so
 * that nothing can be learned from it.
 * @throws RequestError unauthorized, forbidden
 */
export async function authenticate(
  context: ApiContext,
  http: Request,
  route: { scope: Scope; acceptsStreamToken?: boolean | undefined },
): Promise<Caller> {
  const token = http.query.access_token;
  const caller =
    token !== undefined && route.acceptsStreamToken
      ? await findByToken(context, token)
      : await findByHeader(context, http.headersDistinct.authorization);
  if (!caller) throw unauthorized();
  if (!mayUse(caller, route.scope)) throw refuse('forbidden', `This needs a key with the scope ${route.scope}.`);
  return caller;
}

/** Whether the caller has a scope; `admin` has all of them. */
export function mayUse(caller: Caller, scope: Scope): boolean {
  return caller.scopes.includes(scope) || caller.scopes.includes('admin');
}

/** Whether the caller's key still is valid: asked again and again while a stream is open (S24). */
export async function isStillValid(context: ApiContext, caller: Caller): Promise<boolean> {
  return (await context.keys.findById(caller.keyId)) !== undefined;
}

/** Two headers are refused: Node keeps the first one, a proxy before us may have checked the other. */
async function findByHeader(context: ApiContext, headers: readonly string[] = []): Promise<Caller | undefined> {
  const secret = headers.length === 1 ? BEARER.exec(headers[0] ?? '')?.[1] : undefined;
  const key = secret === undefined ? undefined : await context.keys.findBySecret(secret);
  return key && { tenantId: key.tenantId, keyId: key.id, keyName: key.name, scopes: key.scopes, onlyTaskId: undefined };
}

async function findByToken(context: ApiContext, text: unknown): Promise<Caller | undefined> {
  const token = typeof text === 'string' ? readStreamToken(text) : undefined;
  if (!token || token.expiresAt.getTime() <= Date.now()) return undefined;
  const signing = await context.keys.findById(token.keyId);
  const secret = signing && { keySha256: signing.sha256, tokenSecret: context.config.streams.tokenSecret };
  if (!signing || !secret || !token.isGenuine(secret)) return undefined;
  const { apiKey } = signing;
  return {
    tenantId: apiKey.tenantId,
    keyId: apiKey.id,
    keyName: apiKey.name,
    scopes: ['tasks:read'],
    onlyTaskId: token.taskId,
  };
}

function unauthorized() {
  return refuse('unauthorized', 'Send a valid API key as "Authorization: Bearer <key>".');
}
