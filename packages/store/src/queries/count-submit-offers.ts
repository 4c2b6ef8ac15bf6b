import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'count-submit-offers',
  text: `
    select count(*)::integer as offers
    from tasks
    where next_dispatch_at is not null and offers > 0 and offers = 1 and dispatch_no = 1 and offered_at_submit`,
};

/** Offers that submits made themselves and nobody has claimed yet. */
export async function countSubmitOffers(db: Queryable): Promise<number> {
  const [row] = await runQuery<{ offers: number }>(db, statement, []);
  return row?.offers ?? 0;
}
