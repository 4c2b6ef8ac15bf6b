import type { Page } from '@nightshift/store';
import type { Request } from 'express';
import type { Reply } from '../http/route.ts';

/** Answers a page of a list with the link to the next one (RFC 8288), keeping the filters of the request. */
export function toListReply<Row extends { id: string }>(
  http: Request,
  page: Page<Row>,
  render: (row: Row) => unknown,
): Reply {
  const first = page.items.at(0)?.id ?? null;
  const last = page.items.at(-1)?.id ?? null;
  const body = { data: page.items.map(render), has_more: page.hasMore, first_id: first, last_id: last };
  if (!page.hasMore || last === null) return { status: 200, body };
  const address = new URL(http.originalUrl, 'http://localhost');
  const isUpwards = address.searchParams.has('before');
  address.searchParams.delete(isUpwards ? 'after' : 'before');
  address.searchParams.set(isUpwards ? 'before' : 'after', isUpwards ? (first ?? '') : last);
  return { status: 200, body, headers: { Link: `<${address.pathname}${address.search}>; rel="next"` } };
}
