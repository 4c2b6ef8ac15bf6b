/**
 * What a child tells its parent over the channel between them. alive: its event loop turns. returned: it is about to exit
 * on purpose, with its task settled or handed back. lost: it is about to exit because its lease is gone.
 */
export interface ChildMessage {
  kind: 'alive' | 'returned' | 'lost';
}

export function isChildMessage(message: unknown): message is ChildMessage {
  const kind = message !== null && typeof message === 'object' && 'kind' in message ? message.kind : undefined;
  return kind === 'alive' || kind === 'returned' || kind === 'lost';
}

/** What a parent tells its child at the start, as arguments of the command. */
export interface ChildOrders {
  taskId: string;
  incarnation: string;
  parent: string;
  parentPid: number;
  /** The kernel does not do it: the child has to watch whether its parent lives. */
  watchParent: boolean;
}

export function toChildArgs(orders: ChildOrders): string[] {
  return [JSON.stringify(orders)];
}

/** Reads the arguments of a child; what a parent of the same version wrote. */
export function readChildArgs(args: readonly string[]): ChildOrders {
  return JSON.parse(args[0] ?? '') as ChildOrders;
}
