import type { Id, IdPrefix } from '@nightshift/domain';
import type { Queryable } from '@nightshift/store';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ApiContext } from '../context.ts';
import type { RequestHeader } from '../schemas/request-header.ts';
import { parseJson } from './parse-json.ts';
import { parseWith } from './parse-with.ts';

export type Scope = 'tasks:read' | 'tasks:write' | 'tasks:debug' | 'ops' | 'admin';

/** Who asks, from the credential alone. */
export interface Caller {
  tenantId: Id<'tenant'>;
  keyId: Id<'key'>;
  keyName: string;
  scopes: readonly string[];
  /** Set when a stream token was shown: nothing but this task may be read. */
  onlyTaskId: Id<'task'> | undefined;
}

/** An answer with a JSON body (or none). Routes that stream write to the response themselves and return undefined. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

type IdParams = Record<string, IdPrefix>;
type ParamsOf<P extends IdParams> = { readonly [K in keyof P]: Id<P[K]> };

/** A validated request. */
export interface ApiRequest<P extends IdParams, Q extends z.ZodType, B extends z.ZodType> {
  params: ParamsOf<P>;
  query: z.output<Q>;
  body: z.output<B>;
  /** The bytes of the body, for fingerprints. */
  rawBody: Buffer;
  caller: Caller;
  requestId: string;
  /** Aborts when the client is gone. */
  gone: AbortSignal;
  /** For what the request only reads: until the client is gone, and within what readers share. */
  db: Queryable;
  http: Request;
  response: Response;
}

export interface BodySpec<B extends z.ZodType> {
  schema: B;
  /** Which limit of the configuration holds. */
  limit: 'task' | 'batch';
  /** Whether no body at all stands for `{}`. */
  optional?: boolean;
  /** A body that is accepted, for the documentation. */
  example: z.input<B>;
}

export interface ResponseSpec {
  status: number;
  description: string;
  /** JSON unless `mediaType` says otherwise. */
  schema?: z.ZodType;
  mediaType?: string;
}

export interface RouteSpec<P extends IdParams, Q extends z.ZodType, B extends z.ZodType> {
  method: 'get' | 'post' | 'delete';
  /** Express path; every `:name` is an id whose kind `params` says. */
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  scope: Scope;
  /** Whether a stream token in `?access_token=` is accepted. */
  acceptsStreamToken?: boolean;
  /** Headers that the route reads beside the credential, for the documentation. */
  headers?: readonly RequestHeader[];
  params?: P;
  query?: Q;
  body?: BodySpec<B>;
  /** A body that the route reads from the request by itself. */
  rawBody?: { description: string };
  responses: readonly ResponseSpec[];
  handle(context: ApiContext, request: ApiRequest<P, Q, B>): Promise<Reply | undefined>;
}

/** What a route is given when it is called: everything that was found out without knowing its types. */
export interface Exchange {
  ids: Record<string, string>;
  query: unknown;
  rawBody: Buffer;
  caller: Caller;
  requestId: string;
  gone: AbortSignal;
  db: Queryable;
  http: Request;
  response: Response;
}

/** A route whose types are sealed inside, so that all of them fit in one table. */
export interface Route extends Omit<RouteSpec<IdParams, z.ZodType, z.ZodType>, 'handle'> {
  serve(context: ApiContext, exchange: Exchange): Promise<Reply | undefined>;
}

/** Declares an endpoint: one source for its address, rights, validation, documentation and code. */
export function defineRoute<
  P extends IdParams = Record<never, never>,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<P, Q, B>): Route {
  const { handle, ...rest } = spec;
  return {
    ...rest,
    async serve(context, exchange) {
      const query = (spec.query ? parseWith(spec.query, exchange.query, 'query') : undefined) as z.output<Q>;
      const body = parseBody(spec.body, exchange.rawBody) as z.output<B>;
      const { ids, ...common } = exchange;
      return handle(context, { ...common, params: ids as ParamsOf<P>, query, body });
    },
  };
}

function parseBody(spec: BodySpec<z.ZodType> | undefined, rawBody: Buffer): unknown {
  if (!spec) return undefined;
  const value = spec.optional && rawBody.length === 0 ? {} : parseJson(rawBody);
  return parseWith(spec.schema, value, 'body');
}
