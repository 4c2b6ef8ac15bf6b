import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { createPacedPipe, type Pace } from './paced-pipe.ts';

/**
 * Stands between a client and a server of ours (Postgres, Redis, the model, S3) and does to their connections what
 * networks do. Faults that last hold until `restore`.
 */
export interface TcpProxy {
  readonly port: number;
  /** Open at the moment. */
  readonly connectionCount: number;
  /** Resets every open connection (RST); new ones are fine. */
  cut(): void;
  /** New connections are reset as soon as they are made. */
  refuse(): void;
  /** Every chunk arrives this much later, in both directions. */
  delay(latencyMs: number): void;
  /** At most so many bytes a second, each direction and connection by itself. */
  throttle(bytesPerSecond: number): void;
  /**
   * Bytes vanish, without an end or a reset. A connection that lost some stays silent for ever, as a half-open one does,
   * until one of its ends gives up.
   */
  blackHole(directions: { up: boolean; down: boolean }): void;
  /**
   * The next time a client sends these bytes (the name of a prepared statement, say), the server gets them and answers,
   * but the answer never arrives: the connection is cut when it comes. Resolves when that has happened.
   */
  swallowReplyTo(marker: string): Promise<void>;
  /**
   * The next reply with these bytes in it is cut so many bytes after their first: everything before arrives, nothing
   * after. Resolves when that has happened.
   */
  cutReplyAt(marker: string, options: { offset: number; by: 'fin' | 'rst' }): Promise<void>;
  /** Takes every fault back; traps that were not sprung are forgotten. */
  restore(): void;
  close(): Promise<void>;
}

interface Trap {
  readonly marker: Buffer;
  readonly sprung: () => void;
}

interface ReplyTrap extends Trap {
  readonly offset: number;
  readonly by: 'fin' | 'rst';
}

interface ProxyState {
  readonly pace: Pace;
  readonly pairs: Set<Pair>;
  hole: { up: boolean; down: boolean };
  isRefusing: boolean;
  requestTraps: Trap[];
  replyTraps: ReplyTrap[];
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Bytes of it were lost: nothing gets through any more. */
  isLost: boolean;
  swallow: (() => void) | undefined;
  /** A reply trap has seen its marker: so many bytes are still let through. */
  cutting: { trap: ReplyTrap; bytesLeft: number } | undefined;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const state: ProxyState = {
    pace: { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY },
    pairs: new Set(),
    hole: { up: false, down: false },
    isRefusing: false,
    requestTraps: [],
    replyTraps: [],
  };
  const server = createServer((client) => openPair(state, client, target));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connectionCount() {
      return state.pairs.size;
    },
    cut() {
      for (const pair of [...state.pairs]) resetPair(state, pair);
    },
    refuse() {
      state.isRefusing = true;
    },
    delay(latencyMs) {
      state.pace.latencyMs = latencyMs;
    },
    throttle(bytesPerSecond) {
      state.pace.bytesPerSecond = bytesPerSecond;
    },
    blackHole(directions) {
      state.hole = directions;
    },
    swallowReplyTo: (marker) =>
      new Promise((sprung) => state.requestTraps.push({ marker: Buffer.from(marker), sprung })),
    cutReplyAt: (marker, options) =>
      new Promise((sprung) => state.replyTraps.push({ marker: Buffer.from(marker), sprung, ...options })),
    restore: () => restore(state),
    async close() {
      for (const pair of [...state.pairs]) resetPair(state, pair);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function restore(state: ProxyState): void {
  state.hole = { up: false, down: false };
  state.isRefusing = false;
  state.pace.latencyMs = 0;
  state.pace.bytesPerSecond = Number.POSITIVE_INFINITY;
  state.requestTraps = [];
  state.replyTraps = [];
  for (const pair of [...state.pairs]) {
    if (pair.client.destroyed || pair.upstream.destroyed) resetPair(state, pair);
  }
}

function openPair(state: ProxyState, client: Socket, target: { host: string; port: number }): void {
  if (state.isRefusing) {
    client.resetAndDestroy();
    return;
  }
  const upstream = connect({ ...target, noDelay: true });
  client.setNoDelay(true);
  const pair: Pair = { client, upstream, isLost: false, swallow: undefined, cutting: undefined };
  state.pairs.add(pair);
  const up = createPacedPipe(client, upstream, state.pace);
  const down = createPacedPipe(upstream, client, state.pace);
  client.on('data', (bytes) => onRequest(state, pair, bytes, up));
  upstream.on('data', (bytes) => onReply(state, pair, bytes, down));
  for (const socket of [client, upstream]) {
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (pair.isLost && (state.hole.up || state.hole.down)) return; // the other end does not hear of it
      resetPair(state, pair);
    });
  }
}

function resetPair(state: ProxyState, pair: Pair): void {
  state.pairs.delete(pair);
  for (const socket of [pair.client, pair.upstream]) if (!socket.destroyed) socket.resetAndDestroy();
}

function onRequest(state: ProxyState, pair: Pair, bytes: Buffer, send: (bytes: Buffer) => void): void {
  if (state.hole.up) pair.isLost = true;
  if (pair.isLost) return;
  const index = state.requestTraps.findIndex((trap) => bytes.includes(trap.marker));
  if (index >= 0) pair.swallow = state.requestTraps.splice(index, 1)[0]?.sprung;
  send(bytes);
}

function onReply(state: ProxyState, pair: Pair, bytes: Buffer, send: (bytes: Buffer) => void): void {
  if (state.hole.down) pair.isLost = true;
  if (pair.isLost) return;
  if (pair.swallow) {
    pair.swallow();
    resetPair(state, pair);
    return;
  }
  armReplyTrap(state, pair, bytes);
  const { cutting } = pair;
  if (!cutting || bytes.length < cutting.bytesLeft) {
    if (cutting) cutting.bytesLeft -= bytes.length;
    send(bytes);
    return;
  }
  const { trap, bytesLeft } = cutting;
  pair.isLost = true; // nothing more of this connection
  pair.client.write(bytes.subarray(0, bytesLeft), () => {
    if (trap.by === 'fin') pair.client.end();
    else resetPair(state, pair);
    pair.upstream.destroy();
    trap.sprung();
  });
}

/** Markers are looked for in each chunk by itself: the servers here write a frame, an event or a head in one piece. */
function armReplyTrap(state: ProxyState, pair: Pair, bytes: Buffer): void {
  if (pair.cutting) return;
  const index = state.replyTraps.findIndex((trap) => bytes.includes(trap.marker));
  const trap = state.replyTraps[index];
  if (!trap) return;
  state.replyTraps.splice(index, 1);
  pair.cutting = { trap, bytesLeft: bytes.indexOf(trap.marker) + trap.offset };
}
