import { isTooDeep, type Json, type JsonObject, toSafeText } from '@nightshift/domain';

/**
 * The input of a tool call as an object, with text that vendors, tools and Postgres accept; undefined when the text is
 * anything else, or nests so deep that writing it down again would overflow the stack. Never a partial parse (I9).
 */
export function parseToolInput(inputJson: string): JsonObject | undefined {
  if (isTooDeep(inputJson)) return undefined;
  try {
    const value: Json = JSON.parse(inputJson, (_key, inner) => (typeof inner === 'string' ? toSafeText(inner) : inner));
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
