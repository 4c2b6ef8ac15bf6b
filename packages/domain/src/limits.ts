/** What a task may use. Absent means the agent's own limit; an agent without one is bounded by these defaults. */
export interface Limits {
  max_turns?: number;
  max_tool_calls?: number;
  max_tokens?: number;
  max_cost_usd?: number;
  max_duration_ms?: number;
  max_attempts?: number;
}

export const DEFAULT_LIMITS = Object.freeze({
  max_turns: 100,
  max_tool_calls: 500,
  max_duration_ms: 24 * 60 * 60_000,
  max_attempts: 3,
});
