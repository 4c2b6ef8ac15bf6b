import type { ModelMessage } from '@nightshift/model';
import type { Signal } from '@nightshift/store';
import { type Conversation, toTurnMessages } from './fold-journal.ts';

/** Messages that stay or go together when the conversation is made to fit. */
export interface TurnGroup {
  turn: number;
  messages: ModelMessage[];
}

/**
 * The turns in groups that stay or go together: each for itself, but a paused turn with the one that continues it, which
 * may answer what the paused one asked a server's tool. What people said comes after the turn before the one that was
 * first asked with it (`signals_seen` of its record), at the end when none was: every epoch sees the same conversation.
 * While a turn is paused nothing is put between it and its continuation.
 */
export function toTurnGroups({ turns, signals }: Pick<Conversation, 'turns' | 'signals'>): TurnGroup[] {
  const groups: TurnGroup[] = [];
  let paused = false;
  let seen = 0;
  const insertUpTo = (newest: number) => {
    const said = signals.filter((signal) => isMessage(signal) && signal.n > seen && signal.n <= newest);
    seen = Math.max(seen, newest);
    if (said.length === 0) return;
    const message: ModelMessage = {
      role: 'user',
      content: said.map(({ payload }) => ({ type: 'text', text: String(payload) })),
    };
    const last = groups.at(-1);
    if (last) last.messages.push(message);
    else groups.push({ turn: 0, messages: [message] });
  };
  for (const turn of turns) {
    insertUpTo(turn.record.signals_seen ?? 0);
    const last = paused ? groups.at(-1) : undefined;
    if (last) last.messages.push(...toTurnMessages(turn));
    else groups.push({ turn: turn.turn, messages: toTurnMessages(turn) });
    paused = turn.record.stop_reason === 'pause_turn';
  }
  if (!paused) insertUpTo(Number.POSITIVE_INFINITY);
  return groups;
}

/** Number of the newest signal that the next turn is asked with. */
export function toSignalsSeen({ turns, signalNo }: Pick<Conversation, 'turns' | 'signalNo'>): number {
  const last = turns.at(-1);
  return last?.record.stop_reason === 'pause_turn' ? (last.record.signals_seen ?? 0) : Math.max(0, signalNo);
}

/** Whether people said something that no turn was asked with. */
export function hasUnreadMessage({ turns, signals }: Pick<Conversation, 'turns' | 'signals'>): boolean {
  const seen = Math.max(0, ...turns.map(({ record }) => record.signals_seen ?? 0));
  return signals.some((signal) => isMessage(signal) && signal.n > seen);
}

function isMessage(signal: Signal): boolean {
  return signal.kind === 'input' && signal.key === undefined;
}
