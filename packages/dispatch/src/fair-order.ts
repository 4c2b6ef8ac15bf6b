import type { TaskId } from '@nightshift/domain';
import type { BacklogFlow } from '@nightshift/store';
import { createFairTurns, type FairTurns } from './fair-turns.ts';

/** Remembers from pass to pass whose turn it is. */
export interface FairOrder {
  /**
   * Chooses the next tasks: tenants by weight, within a tenant the lowest rank first, within a rank its flows in turn,
   * within a flow the oldest first; never more than a cap allows. `maxTasksPerFlow` is how many tasks of a flow were
   * looked up: where such a list ends, the choice ends too, for what comes behind it is not known to be nothing.
   */
  choose(flows: readonly BacklogFlow[], options: { maxTasks: number; maxTasksPerFlow: number }): TaskId[];
}

interface Flow {
  readonly key: string;
  readonly rank: number;
  /** Shared by the flows of one batch. */
  readonly room: { left: number };
  readonly taskIds: readonly TaskId[];
  taken: number;
}

interface Tenant {
  readonly key: string;
  readonly weight: number;
  roomLeft: number;
  flows: Flow[];
  readonly turns: FairTurns;
  start: number;
}

export function createFairOrder(random: () => number): FairOrder {
  const turns = createFairTurns(random);
  /** Turns of the flows within each tenant. */
  const inner = new Map<string, FairTurns>();

  function group(flows: readonly BacklogFlow[]): Tenant[] {
    const tenants = new Map<string, Tenant>();
    const rooms = new Map<string, { left: number }>();
    for (const { tenantId: key, weight, tenantRoom = Number.POSITIVE_INFINITY, ...flow } of flows) {
      if (flow.taskIds.length === 0) continue;
      const within = inner.get(key) ?? createFairTurns(random);
      inner.set(key, within);
      const tenant = tenants.get(key) ?? { key, weight, roomLeft: tenantRoom, flows: [], turns: within, start: 0 };
      tenants.set(key, tenant);
      const roomKey = `${key} ${flow.flow}`;
      const room = rooms.get(roomKey) ?? { left: flow.flowRoom ?? Number.POSITIVE_INFINITY };
      rooms.set(roomKey, room);
      tenant.flows.push({ key: flow.flow, rank: flow.rank, room, taskIds: flow.taskIds, taken: 0 });
    }
    return [...tenants.values()];
  }

  return {
    choose(flows, { maxTasks, maxTasksPerFlow }) {
      const tenants = group(flows);
      const present = new Set(tenants.map(({ key }) => key));
      turns.prune(present);
      for (const key of inner.keys()) if (!present.has(key)) inner.delete(key);
      for (const tenant of tenants) tenant.turns.prune(new Set(tenant.flows.map(({ key }) => key)));
      const line: Tenant[] = [];
      for (const tenant of tenants) enter(line, tenant, turns.startOf(tenant.key, tenant.weight));
      const chosen: TaskId[] = [];
      while (chosen.length < maxTasks) {
        const tenant = line.pop();
        const flow = tenant && nextFlow(tenant);
        if (!tenant) break;
        if (!flow) continue; // all of it is chosen, or a cap holds the rest
        const taskId = flow.taskIds[flow.taken];
        if (taskId === undefined) break; // its list ended, and there may be more of it
        chosen.push(taskId);
        takeFrom(tenant, flow, maxTasksPerFlow);
        enter(line, tenant, turns.take(tenant.key, tenant.weight));
      }
      return chosen;
    },
  };
}

/** Keeps the line in order, whoever is next at its end. */
function enter(line: Tenant[], tenant: Tenant, start: number): void {
  tenant.start = start;
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((line[middle]?.start ?? 0) > start) low = middle + 1;
    else high = middle;
  }
  line.splice(low, 0, tenant);
}

/** Whose turn it is within the tenant; undefined when it has nothing more that may be chosen. */
function nextFlow(tenant: Tenant): Flow | undefined {
  if (tenant.roomLeft <= 0) return undefined;
  let next: Flow | undefined;
  let nextStart = 0;
  for (const flow of tenant.flows) {
    if (flow.room.left <= 0 || (next && flow.rank > next.rank)) continue;
    const start = tenant.turns.startOf(flow.key, 1);
    if (next && flow.rank === next.rank && start >= nextStart) continue;
    next = flow;
    nextStart = start;
  }
  return next;
}

function takeFrom(tenant: Tenant, flow: Flow, maxTasksPerFlow: number): void {
  tenant.turns.take(flow.key, 1);
  tenant.roomLeft -= 1;
  flow.room.left -= 1;
  flow.taken += 1;
  const isDone = flow.taken === flow.taskIds.length && flow.taken < maxTasksPerFlow;
  if (isDone) tenant.flows = tenant.flows.filter((other) => other !== flow);
}
