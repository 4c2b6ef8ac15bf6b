import { ModelApiError } from '../protocol/api-error.ts';
import { MODEL_NAME } from '../protocol/build-reply.ts';
import { type Exchange, type ModelServerContext, sendJson } from './exchange.ts';

/** `GET /v1/models` and `GET /v1/models/{id}`: the one model there is. */
export function handleModels(context: ModelServerContext, exchange: Exchange): void {
  const model = {
    id: MODEL_NAME,
    type: 'model',
    display_name: 'Local extractive stand-in (not a language model)',
    created_at: '2026-01-01T00:00:00Z',
    capabilities: null,
    deprecated_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: context.contextWindowTokens,
    max_tokens: context.contextWindowTokens,
    retires_at: null,
  };
  const id = decodeURIComponent(exchange.url.pathname.slice('/v1/models'.length).replace(/^\//, ''));
  if (id === '') sendJson(exchange, 200, { data: [model], has_more: false, first_id: MODEL_NAME, last_id: MODEL_NAME });
  else if (id === MODEL_NAME) sendJson(exchange, 200, model);
  else throw new ModelApiError('not_found_error', `model: ${id}`);
}
