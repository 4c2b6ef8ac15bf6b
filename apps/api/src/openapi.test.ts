import { describe, expect, it } from 'vitest';
import { createOpenApiDocument } from './openapi.ts';
import { ROUTES } from './routes/route-table.ts';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; responses: object; parameters?: { name: string }[] }>>;
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

  it('points nowhere that does not exist', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name ?? '');
    }
    expect(document.components.schemas).toHaveProperty('Task');
    expect(document.components.schemas).toHaveProperty('SubmitTask');
  });
});
