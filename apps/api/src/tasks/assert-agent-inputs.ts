import { AGENT_INPUTS } from '@nightshift/agent';
import type { Json } from '@nightshift/domain';
import type { ApiContext } from '../context.ts';
import { describeIssues, MAX_ERRORS } from '../http/parse-with.ts';
import { type ProblemDetail, refuse } from '../http/refuse.ts';
import { toPointer } from '../http/to-pointer.ts';

/** A request for work of an agent, and where in the body it is. */
export interface AgentRequest {
  agent: string;
  input: Json;
  /** Of the object that has the field `input`: `[]`, or `['requests', 3]`. */
  path: readonly PropertyKey[];
}

/** @throws RequestError invalid_request naming every agent that no worker knows */
export function assertKnownAgents(context: ApiContext, named: readonly Pick<AgentRequest, 'agent' | 'path'>[]): void {
  const { agents } = context.config.tasks;
  const errors: ProblemDetail[] = named
    .filter(({ agent }) => !agents.includes(agent))
    .slice(0, MAX_ERRORS)
    .map(({ path }) => ({
      pointer: toPointer([...path, 'agent']),
      detail: `Known agents: ${agents.join(', ')}.`,
      code: 'unknown_agent',
    }));
  if (errors.length > 0) throw refuse('invalid_request', 'There is no such agent.', errors);
}

/**
 * An input that the agent would refuse costs a 400 here, not a dead letter later. Agents that were only named in the
 * settings check their input in the worker.
 * @throws RequestError invalid_request with a pointer for everything that is wrong with the inputs
 */
export function assertAgentInputs(requests: readonly AgentRequest[]): void {
  const errors: ProblemDetail[] = [];
  for (const { agent, input, path } of requests) {
    const result = AGENT_INPUTS.get(agent)?.schema.safeParse(input);
    if (result?.error) errors.push(...describeIssues(result.error.issues, 'body', [...path, 'input']));
    if (errors.length >= MAX_ERRORS) break;
  }
  if (errors.length === 0) return;
  throw refuse('invalid_request', 'The input is not what the agent accepts.', errors.slice(0, MAX_ERRORS));
}
