import { eventually } from '../../support/eventually.ts';
import { type Service, spawnService } from '../../support/spawn-service.ts';

/** Of the tail of a log that is kept for reports. */
const TAIL_CHARS = 1_500;
/** What a worker says that stops itself because its lease is over: it is started again, as it asks for. */
const SELF_STOP = /lease lost/;

/** A place for one process of ours; whoever ends is followed by another. */
export interface Member {
  readonly kind: 'api' | 'worker';
  /** Of the place; processes are called `<name>.<generation>`. */
  readonly name: string;
  readonly url: string | undefined;
  service: Service;
  generation: number;
  isFrozen: boolean;
}

/** The API and worker processes of the lab, under a supervisor as production has one. */
export interface Fleet {
  readonly members: readonly Member[];
  readonly apiUrls: readonly string[];
  /** The member whose process has this name or had it. */
  find(processName: string): Member | undefined;
  /** kill -9; the supervisor starts the next one. */
  kill(member: Member): void;
  freeze(member: Member): void;
  thaw(member: Member): void;
  /** Waits until every member answers or has said it is ready. */
  allReady(): Promise<void>;
  /** How often a process ended that nobody had killed, with the end of its log; lost leases are counted apart. */
  readonly unexpectedExits: string[];
  /** Ids of every process ever started. */
  readonly pids: readonly number[];
  readonly counts: { kills: number; freezes: number; leaseLosses: number; starts: number };
  stop(): Promise<void>;
}

export interface FleetPlan {
  members: { kind: 'api' | 'worker'; name: string; env: Record<string, string>; url?: string }[];
  restartDelayMs?: number;
}

export async function startFleet(plan: FleetPlan): Promise<Fleet> {
  const killed = new Set<number>();
  const unexpectedExits: string[] = [];
  const counts = { kills: 0, freezes: 0, leaseLosses: 0, starts: 0 };
  let isStopping = false;
  const pids: number[] = [];
  const launch = (spec: FleetPlan['members'][number], generation: number): Service => {
    const name = `${spec.name}.${generation}`;
    counts.starts += 1;
    const service = spawnService(spec.kind, name, { ...spec.env, NIGHTSHIFT_WORKER_NAME: name });
    pids.push(service.pid);
    return service;
  };
  const supervise = (spec: FleetPlan['members'][number], member: Member, service: Service) => {
    void service.exited.then(async () => {
      if (isStopping) return;
      if (!killed.has(service.pid)) noteExit(service);
      await new Promise((resolve) => setTimeout(resolve, plan.restartDelayMs ?? 300));
      if (isStopping) return;
      member.generation += 1;
      member.isFrozen = false;
      member.service = launch(spec, member.generation);
      supervise(spec, member, member.service);
    });
  };
  const noteExit = (service: Service) => {
    const tail = service.output().slice(-TAIL_CHARS);
    if (SELF_STOP.test(tail)) counts.leaseLosses += 1;
    else unexpectedExits.push(`${service.name}: ${tail}`);
  };
  const members = plan.members.map((spec): Member => {
    const service = launch(spec, 1);
    const { kind, name, url } = spec;
    const member: Member = { kind, name, url, service, generation: 1, isFrozen: false };
    supervise(spec, member, service);
    return member;
  });
  const fleet: Fleet = {
    members,
    apiUrls: members.flatMap((member) => member.url ?? []),
    find: (processName) => members.find((member) => processName.startsWith(`${member.name}.`)),
    kill(member) {
      counts.kills += 1;
      killed.add(member.service.pid);
      member.service.kill('SIGKILL');
    },
    freeze(member) {
      counts.freezes += 1;
      member.isFrozen = true;
      member.service.kill('SIGSTOP');
    },
    thaw(member) {
      member.isFrozen = false;
      member.service.kill('SIGCONT');
    },
    allReady: async () => void (await Promise.all(members.map((member) => ready(member)))),
    unexpectedExits,
    pids,
    counts,
    async stop() {
      isStopping = true;
      await Promise.all(members.map((member) => member.service.stop()));
    },
  };
  await fleet.allReady().catch(async (error: unknown) => {
    await fleet.stop(); // whoever asked for it has nothing to stop it with
    throw error;
  });
  return fleet;
}

async function ready(member: Member): Promise<void> {
  const check = async () => {
    if (member.kind === 'worker') return member.service.output().includes('worker ready');
    const answer = await fetch(`${member.url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok === true;
  };
  await eventually(`${member.name} is ready`, check, 60_000).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${member.service.output().slice(-TAIL_CHARS)}`);
  });
}
