import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { failWith } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { toModelFailure } from './to-model-failure.ts';

function answer(status: number | undefined, type: string | null, message: string, headers = {}) {
  return new APIError(status, { error: { type, message } }, undefined, new Headers(headers), type as APIError['type']);
}

describe('toModelFailure', () => {
  it.each([
    [529, 'overloaded_error', 'Overloaded', 'model_overloaded'],
    [undefined, 'overloaded_error', 'Overloaded', 'model_overloaded'],
    [undefined, 'api_error', 'Internal', 'model_unavailable'],
    [500, null, '', 'model_unavailable'],
    [503, null, 'upstream', 'model_unavailable'],
    [429, 'rate_limit_error', 'Too many tokens per minute, exceeds the maximum', 'model_rate_limited'],
    [429, 'rate_limit_error', 'linked_organization_spend_limit_reached', 'model_billing'],
    [400, 'invalid_request_error', 'prompt is too long: 9 tokens > 8 maximum', 'model_request_too_large'],
    [400, 'invalid_request_error', "This model's maximum context length is 8192 tokens", 'model_request_too_large'],
    [400, 'invalid_request_error', 'messages.1: tool_use ids must be unique', 'model_invalid_request'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'model_request_too_large'],
    [401, null, '', 'model_auth'],
    [403, 'permission_error', 'no', 'model_auth'],
    [404, 'not_found_error', 'model: x', 'model_unknown'],
    [408, null, '', 'model_timeout'],
  ])('takes %s %s "%s" for %s', (status, type, message, code) => {
    expect(toModelFailure(answer(status, type, message), 'm')).toMatchObject({ code, detail: { model: 'm' } });
  });

  it.each([
    [new APIConnectionError({ message: 'refused' }), 'model_unavailable'],
    [new APIConnectionTimeoutError(), 'model_timeout'],
    [new TypeError('terminated'), 'model_stream_cut'],
    [new TypeError("Cannot read properties of undefined (reading 'x')"), 'model_bad_reply'],
    [new SyntaxError('Unexpected end of JSON input'), 'model_bad_reply'],
    ['a string', 'model_bad_reply'],
  ])('takes %s for %s', (thrown, code) => {
    expect(toModelFailure(thrown, 'm').code).toBe(code);
  });

  it('leaves a failure as it is', () => {
    const error = failWith('model_stalled', 'silence');
    expect(toModelFailure(error, 'm')).toBe(error.failure);
  });

  it.each([
    [{ 'retry-after-ms': '250' }, 250],
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '0' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('reads %j as a wait of %s ms', (headers, waitMs) => {
    const failure = toModelFailure(answer(429, 'rate_limit_error', '', headers), 'm');
    expect(failure.retry_after_ms).toBe(waitMs);
  });

  it('keeps the request id for whoever has to ask the vendor', () => {
    expect(toModelFailure(answer(500, null, '', { 'request-id': 'req_1' }), 'm').detail).toEqual({
      model: 'm',
      request_id: 'req_1',
      http_status: 500,
    });
  });
});
