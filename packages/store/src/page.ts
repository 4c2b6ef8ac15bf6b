import type { Id, IdPrefix } from '@nightshift/domain';
import type { Statement } from './run-query.ts';

/** Which part of a list, newest first: after or before an id of the list, never an offset. */
export interface PageRequest<P extends IdPrefix> {
  limit: number;
  after?: Id<P> | undefined;
  before?: Id<P> | undefined;
}

export interface Page<Item> {
  items: Item[];
  /** Whether there is more in the direction in which was asked. */
  hasMore: boolean;
}

/** Both directions of one list: the same text with the comparison and the order turned around. */
export interface PageStatements {
  older: Statement;
  newer: Statement;
}

/**
 * Makes the two statements of a list. `where` and `select` are constants of the query file; the list is ordered by
 * `id`, $1 is the tenant, $2 the id where the page begins (or null) and $3 the limit, one more than was asked.
 */
export function toPageStatements(name: string, parts: { id: string; select: string; where: string }): PageStatements {
  const toText = (compare: '<' | '>', order: 'desc' | 'asc') => `
    ${parts.select}
    where ${parts.where} and ($2::uuid is null or ${parts.id} ${compare} $2::uuid)
    order by ${parts.id} ${order}
    limit $3::integer`;
  return {
    older: { name, text: toText('<', 'desc') },
    newer: { name: `${name}-newer`, text: toText('>', 'asc') },
  };
}

/** Cuts the one row too many, and puts a page that was read upwards into the order of the list. */
export function toPage<Row>(rows: Row[], request: PageRequest<IdPrefix>): Page<Row> {
  const items = rows.slice(0, request.limit);
  return { items: request.before === undefined ? items : items.reverse(), hasMore: rows.length > request.limit };
}
