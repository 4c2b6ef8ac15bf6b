import { describe, expect, it } from 'vitest';
import { createOpenApiDocument } from './openapi.ts';
import { ROUTES } from './routes/route-table.ts';

interface Operation {
  operationId: string;
  responses: object;
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

const document = JSON.parse(JSON.stringify(createOpenApiDocument(ROUTES))) as Document;

describe('createOpenApiDocument', () => {
  it('documents every route once', () => {
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    const served = ROUTES.map((route) => `${route.method} /v1${route.path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(documented.sort()).toEqual(served.sort());
    expect(document.openapi).toBe('3.1.0');
    const names = ROUTES.map((route) => route.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it('names the parameters of the path and of the query', () => {
    const parameters = document.paths['/v1/tasks/{task_id}/events']?.get?.parameters?.map(
      (parameter) => parameter.name,
    );
    expect(parameters).toEqual(expect.arrayContaining(['task_id', 'after', 'limit', 'types', 'wait', 'visibility']));
  });

  it('names the headers that a route reads', () => {
    const headersOf = (method: string, path: string) =>
      document.paths[path]?.[method]?.parameters?.filter((each) => each.in === 'header').map((each) => each.name);
    expect(headersOf('post', '/v1/tasks')).toEqual(['Idempotency-Key', 'Prefer']);
    expect(headersOf('post', '/v1/batches')).toEqual(['Idempotency-Key']);
    expect(headersOf('get', '/v1/tasks/{task_id}')).toEqual(['If-None-Match']);
    expect(headersOf('get', '/v1/tasks/{task_id}/events')).toEqual(['Last-Event-ID']);
    expect(headersOf('get', '/v1/files/{file_id}/content')).toEqual(['Range', 'If-Range', 'If-None-Match']);
    expect(headersOf('post', '/v1/files')).toEqual(['X-File-Name']);
    expect(headersOf('get', '/v1/tasks')).toEqual([]);
  });

  it.each(ROUTES.filter((route) => route.body))('shows for $operationId an example that is accepted', (route) => {
    const path = `/v1${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    const shown = document.paths[path]?.[route.method]?.requestBody?.content['application/json']?.example;
    expect(shown).toEqual(route.body?.example);
    expect(route.body?.schema.safeParse(shown).error).toBeUndefined();
  });

  it('points nowhere that does not exist', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name ?? '');
    }
    expect(document.components.schemas).toHaveProperty('Task');
    expect(document.components.schemas).toHaveProperty('SubmitTask');
  });
});
