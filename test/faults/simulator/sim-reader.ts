import { type TaskId, toUuid, type Visibility } from '../../../packages/domain/src/index.ts';
import type { SimApi } from './sim-api.ts';
import type { World } from './world.ts';

const RECONNECT_MS = 200;

/** A client that follows a task, is cut off again and again, and goes on from the last number it has. */
export class SimReader {
  readonly taskId: TaskId;
  readonly visibility: Visibility;
  readonly name: string;
  /** The numbers it was told are covered so far, and the events it saw, as text. */
  cursor = 0;
  readonly seen = new Map<number, string>();
  /** The stream was closed by the server. */
  isEnded = false;
  readonly #world: World;
  #connection: AbortController | undefined;

  constructor(world: World, name: string, taskId: TaskId, visibility: Visibility) {
    this.#world = world;
    this.name = name;
    this.taskId = taskId;
    this.visibility = visibility;
  }

  /** Connects now, unless the server has said that this was all. */
  connect(): void {
    const { api } = this.#world;
    const connection = new AbortController();
    this.#connection = connection;
    this.isEnded = false;
    this.#world.time.enter(api.process, () => {
      this.#follow(api, connection).catch((error: unknown) => {
        this.#world.history.problems.push(`${this.name}: its stream failed: ${String(error)}`);
      });
    });
  }

  /** The connection is gone; the client comes back after a moment. */
  cut(): void {
    if (this.isEnded || this.#connection === undefined) return;
    const before = this.#connection;
    this.#connection = undefined;
    const { time, api, clients } = this.#world;
    time.enter(api.process, () => before?.abort());
    time.schedule(clients, RECONNECT_MS, `${this.name} connects after ${this.cursor}`, () => this.connect());
  }

  async #follow(api: SimApi, connection: AbortController): Promise<void> {
    const { taskId, visibility } = this;
    const options = { after: this.cursor, visibility, signal: connection.signal };
    const isOver = await api.isOver(taskId, this.cursor).catch(() => undefined);
    if (connection !== this.#connection) return;
    if (isOver === undefined) return this.cut(); // 503: the client comes back
    const slices = isOver ? [] : api.hub.follow(taskId, options);
    for await (const slice of slices) {
      if (connection !== this.#connection) return;
      this.#receive(slice.firstSeq, slice.lastSeq, slice.toSse());
    }
    if (connection !== this.#connection) return;
    this.isEnded = true;
    this.#world.time.note(`${this.name} is at the end, ${this.cursor}`);
  }

  #receive(firstSeq: number, lastSeq: number, sse: string): void {
    const { history, database } = this.#world;
    if (firstSeq !== this.cursor + 1 || lastSeq < firstSeq) {
      history.problems.push(`${this.name}: was at ${this.cursor} and was given ${firstSeq}-${lastSeq}`);
    }
    const written = (database.tables.heads.get(toUuid(this.taskId))?.next_seq ?? 1) - 1;
    if (lastSeq > written) {
      history.problems.push(`${this.name}: was shown ${lastSeq}, and only ${written} events are committed`);
    }
    for (const frame of sse.split('\n\n')) {
      if (frame === '') continue;
      const seq = Number(/^id: (\d+)\n/.exec(frame)?.[1]);
      if (this.seen.has(seq) || seq < firstSeq || seq > lastSeq) {
        history.problems.push(`${this.name}: was given ${seq} again, or out of order`);
      }
      this.seen.set(seq, frame);
    }
    this.cursor = lastSeq;
  }
}
