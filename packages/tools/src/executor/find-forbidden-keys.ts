import type { Json, JsonObject } from '@nightshift/domain';

/** What a model reads about keys that may not be there. */
export interface ForbiddenKey {
  path: string;
  problem: string;
}

/** More than this tells a model nothing new. */
const MAX_FORBIDDEN_KEYS = 10;

/**
 * Keys of an input that the tool's JSON Schema does not know, and `__proto__` anywhere (JSON.parse makes it an ordinary
 * key; code that copies the object may not). zod would drop unknown keys silently, and the model would never learn
 * that its argument had no effect. Branches of a union are zod's business: which one applies is not known here.
 */
export function findForbiddenKeys(schema: JsonObject, input: Json): ForbiddenKey[] {
  const found: ForbiddenKey[] = [];
  const visit = (node: Json | undefined, value: Json, path: string) => {
    if (value === null || typeof value !== 'object' || found.length >= MAX_FORBIDDEN_KEYS) return;
    const known = resolve(schema, node);
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        visit(known?.items, item, `${path}[${index}]`);
      });
      return;
    }
    const properties = toObject(known?.properties);
    for (const [key, inner] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      const declared = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (key === '__proto__') found.push({ path: at, problem: 'is not allowed as a key' });
      else if (declared === undefined && known?.additionalProperties === false) {
        found.push({ path: at, problem: `is not a known key; known: ${Object.keys(properties ?? {}).join(', ')}` });
      } else visit(declared ?? known?.additionalProperties, inner, at);
    }
  };
  visit(schema, input, '');
  return found.slice(0, MAX_FORBIDDEN_KEYS);
}

/** Follows one `$ref` within the schema (zod writes recursive schemas so). */
function resolve(root: JsonObject, node: Json | undefined): JsonObject | undefined {
  const schema = toObject(node);
  if (typeof schema?.$ref !== 'string') return schema;
  if (schema.$ref === '#') return root;
  return toObject(toObject(root.$defs)?.[schema.$ref.replace('#/$defs/', '')]);
}

function toObject(value: Json | undefined): JsonObject | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
}
