import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { ResponseSpec, Route } from './http/route.ts';
import { idSchema } from './schemas/id.ts';
import { problemSchema } from './schemas/problem.ts';
import { REQUEST_HEADERS } from './schemas/request-header.ts';

const DESCRIPTION =
  'The job system for LLM agents that must not lose work. Every path also answers without the prefix `/v1`.';

/** The OpenAPI 3.1 document, made from the very schemas that validate. */
export function createOpenApiDocument(routes: readonly Route[]): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = `/v1${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method]: toOperation(route) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Nightshift', version: '1', description: DESCRIPTION, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        stream_token: { type: 'apiKey', in: 'query', name: 'access_token', description: 'For one task, read only.' },
      },
    },
  });
}

function toOperation(route: Route): ZodOpenApiOperationObject {
  const params = Object.entries(route.params ?? {}).map(([name, prefix]) => [name, idSchema(prefix)] as const);
  const path = params.length > 0 ? { path: z.object(Object.fromEntries(params)) } : {};
  const query = route.query instanceof z.ZodObject ? { query: route.query } : {};
  const headers = (route.headers ?? []).map((name) => [name, REQUEST_HEADERS[name].optional()] as const);
  const header = headers.length > 0 ? { header: z.object(Object.fromEntries(headers)) } : {};
  return {
    operationId: route.operationId,
    summary: route.summary,
    description: [route.description, `Scope: \`${route.scope}\`.`].filter((part) => part !== undefined).join(' '),
    tags: [route.path.split('/')[1] ?? ''],
    requestParams: { ...path, ...query, ...header },
    ...toRequestBody(route),
    ...(route.acceptsStreamToken ? { security: [{ bearer: [] }, { stream_token: [] }] } : {}),
    responses: toResponses(route.responses),
  };
}

function toRequestBody(route: Route): Pick<ZodOpenApiOperationObject, 'requestBody'> {
  if (route.rawBody) {
    const { description } = route.rawBody;
    return { requestBody: { required: true, description, content: { '*/*': { schema: { type: 'string' } } } } };
  }
  if (!route.body) return {};
  const content = { 'application/json': { schema: route.body.schema, example: route.body.example } };
  return { requestBody: { required: route.body.optional !== true, content } };
}

function toResponses(specs: readonly ResponseSpec[]): ZodOpenApiOperationObject['responses'] {
  const responses: ZodOpenApiOperationObject['responses'] = {};
  for (const spec of specs) {
    const status = `${spec.status}` as `${2 | 3 | 4 | 5}${string}`;
    const isProblem = spec.status >= 400;
    const mediaType = isProblem ? 'application/problem+json' : (spec.mediaType ?? 'application/json');
    const schema = isProblem ? problemSchema : (spec.schema ?? { type: 'string' as const });
    const hasBody = isProblem || spec.schema !== undefined || spec.mediaType !== undefined;
    const known = responses[status];
    const content = {
      ...(known && 'content' in known ? known.content : {}),
      ...(hasBody ? { [mediaType]: { schema } } : {}),
    };
    responses[status] = {
      description: [known?.description, spec.description || STATUS_CODES[spec.status]].filter(Boolean).join(' / '),
      ...(Object.keys(content).length > 0 ? { content } : {}),
    };
  }
  responses.default = {
    description: 'What was wrong.',
    content: { 'application/problem+json': { schema: problemSchema } },
  };
  return responses;
}
