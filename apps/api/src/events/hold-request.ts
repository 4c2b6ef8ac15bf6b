import type { TenantId } from '@nightshift/domain';
import type { ApiContext } from '../context.ts';

/**
 * Runs something that waits, within the places that a tenant has for streams and long polls together. Without a place
 * the wait has no time: the client gets the answer of the moment and asks again.
 */
export async function holdRequest<T>(
  context: ApiContext,
  request: { tenantId: TenantId; timeoutMs: number; gone: AbortSignal },
  wait: (timeoutMs: number, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const leave = request.timeoutMs > 0 ? context.streamGate.enter(request.tenantId) : undefined;
  try {
    return await wait(leave ? request.timeoutMs : 0, AbortSignal.any([request.gone, context.stopping]));
  } finally {
    leave?.();
  }
}
