import type { TenantId } from '@nightshift/domain';

/** Counts open event streams, per tenant and in all. */
export interface StreamGate {
  /** A function that gives the place back, to be called once; undefined when there is no place. */
  enter(tenantId: TenantId): (() => void) | undefined;
}

export function createStreamGate(limits: { maxPerTenant: number; maxTotal: number }): StreamGate {
  const byTenant = new Map<TenantId, number>();
  let total = 0;
  return {
    enter(tenantId) {
      const count = byTenant.get(tenantId) ?? 0;
      if (count >= limits.maxPerTenant || total >= limits.maxTotal) return undefined;
      byTenant.set(tenantId, count + 1);
      total++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        total--;
        const rest = (byTenant.get(tenantId) ?? 1) - 1;
        if (rest === 0) byTenant.delete(tenantId);
        else byTenant.set(tenantId, rest);
      };
    },
  };
}
