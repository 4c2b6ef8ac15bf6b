import type { ModelMessage } from '../../../packages/model/src/index.ts';

/** One execution of a tool's effect, as the outside saw it. */
export interface Effect {
  taskId: string;
  toolUseId: string;
  tool: string;
  key: string;
  /** 0 when the process that did it had given the task up already. */
  epoch: number;
  at: number;
}

/** What clients, tools and the model saw: the truth the tables are compared with, kept outside of them. */
export interface History {
  /** Tasks whose submit was answered. */
  accepted: Set<string>;
  /** Answers to cancels, with the number of the newest event at that moment. */
  cancels: { taskId: string; verdict: string; lastSeq: number }[];
  replays: { taskId: string; run: number }[];
  effects: Effect[];
  requests: { taskId: string; messages: ModelMessage[]; at: number }[];
  /** What was wrong the moment it happened. */
  problems: string[];
}

export function createHistory(): History {
  return { accepted: new Set(), cancels: [], replays: [], effects: [], requests: [], problems: [] };
}
