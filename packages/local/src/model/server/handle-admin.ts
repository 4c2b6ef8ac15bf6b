import { ModelApiError } from '../protocol/api-error.ts';
import { parseScript } from '../script/parse-script.ts';
import { type Exchange, type ModelServerContext, sendJson } from './exchange.ts';
import { parseJson } from './read-body.ts';
import type { RecordedRequest } from './request-log.ts';

function withoutKeys(record: RecordedRequest): RecordedRequest {
  const { authorization, 'x-api-key': apiKey, ...headers } = record.headers;
  return {
    ...record,
    headers: {
      ...headers,
      ...(authorization === undefined ? {} : { authorization: '[redacted]' }),
      ...(apiKey === undefined ? {} : { 'x-api-key': '[redacted]' }),
    },
  };
}

/**
 * The test endpoints, for scripts in another process: `POST /__script` (see {@link parseScript}; answers
 * `{ pending }`), `DELETE /__script`, `GET /__requests` (`{ requests }`, keys redacted) and `DELETE /__requests`.
 */
export function handleAdmin(context: ModelServerContext, exchange: Exchange): void {
  const { script, requestLog } = context;
  switch (`${exchange.request.method} ${exchange.url.pathname}`) {
    case 'POST /__script': {
      const { reset, rules } = parseScript(parseJson(exchange.body));
      if (reset) script.clear();
      script.push(...rules);
      sendJson(exchange, 200, { pending: script.pending() });
      break;
    }
    case 'DELETE /__script':
      script.clear();
      sendJson(exchange, 200, { pending: 0 });
      break;
    case 'GET /__requests':
      sendJson(exchange, 200, { requests: requestLog.requests.map(withoutKeys) });
      break;
    case 'DELETE /__requests':
      requestLog.clear();
      sendJson(exchange, 200, { requests: [] });
      break;
    default:
      throw new ModelApiError('not_found_error', 'Not found');
  }
}
