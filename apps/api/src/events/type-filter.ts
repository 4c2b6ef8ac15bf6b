import type { TypeFilter } from '@nightshift/eventlog';
import { refuse } from '../http/refuse.ts';

const PATTERN = /^[a-z_]+(\.[a-z_]+|\.\*)$/;
const MAX_PATTERNS = 50;

/**
 * A filter from `types=task.*,tool.completed`; undefined lets everything pass. Types that this version does not know
 * are accepted: they match nothing now and may be logged by a newer worker.
 * @throws RequestError invalid_request
 */
export function parseTypeFilter(text: string | undefined): TypeFilter | undefined {
  if (text === undefined || text === '' || text === '*') return undefined;
  const patterns = text.split(',').map((part) => part.trim());
  if (patterns.length > MAX_PATTERNS || !patterns.every((pattern) => PATTERN.test(pattern))) {
    const detail = 'Give event types separated by commas, such as "task.*,tool.completed".';
    throw refuse('invalid_request', 'The query is not valid.', [{ pointer: '?types', detail, code: 'invalid_type' }]);
  }
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('.*')));
  const families = patterns.filter((pattern) => pattern.endsWith('.*')).map((pattern) => pattern.slice(0, -1));
  return (type) => exact.has(type) || families.some((family) => type.startsWith(family));
}
