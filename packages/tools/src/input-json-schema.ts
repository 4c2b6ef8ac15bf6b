import { type JsonObject, messageOf } from '@nightshift/domain';
import { z } from 'zod';
import type { ToolDefinition } from './define-tool.ts';
import { ToolDefinitionError } from './errors/tool-definition-error.ts';

/**
 * The JSON Schema of a tool's input, with every object closed that does not say otherwise (`looseObject`, `catchall`,
 * `record`): zod strips unknown keys silently, and a model whose misspelt argument is dropped never learns of it.
 * Throws a ToolDefinitionError when the input is not an object or cannot be written as JSON Schema.
 */
export function toInputJsonSchema(definition: Pick<ToolDefinition, 'name' | 'inputSchema'>): JsonObject {
  const schema = convert(definition);
  if (schema.type !== 'object') {
    throw new ToolDefinitionError(definition.name, 'inputSchema', `must be a z.object, got ${String(schema.type)}`);
  }
  const { $schema: _dialect, ...rest } = schema;
  return closeObjects(rest) as JsonObject;
}

function convert(definition: Pick<ToolDefinition, 'name' | 'inputSchema'>): Record<string, unknown> {
  try {
    return z.toJSONSchema(definition.inputSchema, { io: 'input' });
  } catch (error) {
    throw new ToolDefinitionError(
      definition.name,
      'inputSchema',
      `cannot be written as JSON Schema: ${messageOf(error)}`,
    );
  }
}

/** Closes a schema and the schemas within it. Parts of an `allOf` see keys of each other and stay open. */
function closeObjects(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closeObjects);
  if (node === null || typeof node !== 'object') return node;
  const closed: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(node)) {
    if (NOT_SCHEMAS.has(keyword)) closed[keyword] = value;
    else closed[keyword] = MAPS_OF_SCHEMAS.has(keyword) ? closeValues(value) : closeObjects(value);
  }
  if (isObjectSchema(node) && !('additionalProperties' in node)) closed.additionalProperties = false;
  return closed;
}

function closeValues(map: unknown): unknown {
  if (map === null || typeof map !== 'object') return map;
  return Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, closeObjects(schema)]));
}

/** Keywords whose value is data, or parts that must stay open. */
const NOT_SCHEMAS: ReadonlySet<string> = new Set(['allOf', 'const', 'default', 'enum', 'examples']);

/** Keywords whose keys are names chosen by the author: a property may well be called `default`. */
const MAPS_OF_SCHEMAS: ReadonlySet<string> = new Set(['properties', '$defs']);

function isObjectSchema(node: object): boolean {
  return 'type' in node && node.type === 'object' && 'properties' in node;
}
