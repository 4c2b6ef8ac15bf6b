import { createFailure, createId } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { createRefusedOutcome, createUnknownOutcome } from './create-unrun-outcome.ts';

const call = { callId: createId('step'), toolUseId: 'use_1', tool: 'send_mail' };

describe('createUnknownOutcome', () => {
  it('tells the model to verify, and everybody that the outcome is unknown', () => {
    const outcome = createUnknownOutcome(call);
    expect(outcome).toMatchObject({
      kind: 'unknown',
      isError: true,
      attempts: 0,
      failure: { code: 'tool_outcome_unknown', retryable: false },
      finalEvents: [{ type: 'tool.failed', stepId: call.callId, data: { tool_use_id: 'use_1', outcome: 'unknown' } }],
    });
    expect(outcome.modelContent[0]?.text).toMatch(/"send_mail".*not known: verify/);
  });
});

describe('createRefusedOutcome', () => {
  it('carries the refusal to the model word for word', () => {
    const outcome = createRefusedOutcome(call, createFailure('tool_invalid_input', 'the input lacks "to"'));
    expect(outcome).toMatchObject({
      kind: 'refused',
      isError: true,
      modelContent: [{ type: 'text', text: 'the input lacks "to"' }],
      finalEvents: [{ type: 'tool.failed', data: { outcome: 'refused', failure: { code: 'tool_invalid_input' } } }],
    });
  });
});
