/** What a task has used so far; counted in the same statement as the step that used it. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_creation_tokens: number;
  cost_usd: number;
  turns: number;
  tool_calls: number;
}

export const NO_USAGE: Usage = Object.freeze({
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_creation_tokens: 0,
  cost_usd: 0,
  turns: 0,
  tool_calls: 0,
});

export function addUsage(a: Usage, b: Partial<Usage>): Usage {
  return {
    input_tokens: a.input_tokens + (b.input_tokens ?? 0),
    output_tokens: a.output_tokens + (b.output_tokens ?? 0),
    cache_read_tokens: a.cache_read_tokens + (b.cache_read_tokens ?? 0),
    cache_creation_tokens: a.cache_creation_tokens + (b.cache_creation_tokens ?? 0),
    cost_usd: a.cost_usd + (b.cost_usd ?? 0),
    turns: a.turns + (b.turns ?? 0),
    tool_calls: a.tool_calls + (b.tool_calls ?? 0),
  };
}
