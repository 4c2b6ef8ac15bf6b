import type { SortedKeys } from '../storage/sorted-keys.ts';

export type ListItem = { kind: 'key'; key: string } | { kind: 'prefix'; prefix: string };

export interface ListPage {
  items: ListItem[];
  /** The last item, when more follow it; the next page starts after it. */
  lastItem: ListItem | null;
}

export interface ListPageOptions {
  prefix: string;
  /** Empty for none. */
  delimiter: string;
  /** Null for the beginning. */
  after: ListItem | null;
  maxItems: number;
}

/** One page of keys under a prefix; keys with the delimiter behind the prefix are rolled up to one common prefix. */
export function listPage(keys: SortedKeys, options: ListPageOptions): ListPage {
  const { prefix, delimiter, after, maxItems } = options;
  const items: ListItem[] = [];
  let position = Math.max(keys.positionOf(prefix), after === null ? 0 : positionAfter(keys, after));
  for (let key = keys.at(position); key?.startsWith(prefix); key = keys.at(position)) {
    if (items.length === maxItems) return { items, lastItem: items.at(-1) ?? null };
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const item: ListItem =
      end === -1 ? { kind: 'key', key } : { kind: 'prefix', prefix: key.slice(0, end + delimiter.length) };
    items.push(item);
    position = positionAfter(keys, item);
  }
  return { items, lastItem: null };
}

function positionAfter(keys: SortedKeys, item: ListItem): number {
  switch (item.kind) {
    case 'key': {
      const position = keys.positionOf(item.key);
      return keys.at(position) === item.key ? position + 1 : position;
    }
    case 'prefix':
      return keys.positionAfterPrefix(item.prefix);
  }
}
