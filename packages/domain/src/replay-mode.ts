/**
 * How an operator runs a finished task again. resume: goes on from its journal. from_step: keeps the journal before one
 * step. restart: keeps nothing of it.
 */
export const REPLAY_MODES = ['resume', 'from_step', 'restart'] as const;
export type ReplayMode = (typeof REPLAY_MODES)[number];
