import { isRecord } from '../protocol/is-record.ts';

const MAX_DEPTH = 4;

/** The smallest value a JSON schema accepts, as far as its usual keywords go; for forced calls of unknown tools. */
export function sampleInput(schema: unknown, text: string, depth = 0): unknown {
  if (!isRecord(schema) || depth > MAX_DEPTH) return {};
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const variants = [schema.anyOf, schema.oneOf].find(Array.isArray);
  if (variants !== undefined) return sampleInput(variants[0], text, depth + 1);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return text.slice(0, typeof schema.maxLength === 'number' ? schema.maxLength : 200);
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'boolean':
      return false;
    case 'array':
      return typeof schema.minItems === 'number' && schema.minItems > 0
        ? [sampleInput(schema.items, text, depth + 1)]
        : [];
    case 'null':
      return null;
    default: {
      const properties = isRecord(schema.properties) ? schema.properties : {};
      const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
      return Object.fromEntries(required.map((name) => [name, sampleInput(properties[name], text, depth + 1)]));
    }
  }
}
