import { type Json, MAX_JSON_DEPTH, messageOf, toSafeText } from '@nightshift/domain';

/** Plain JSON, or what is wrong with the value in words for the author of the tool. */
export type PlainJson = { ok: true; value: Json; bytes: number } | { ok: false; problem: string };

/**
 * Turns whatever a tool returned into plain JSON with safe text, at most `maxBytes` of it. BigInt, functions, cycles, bytes
 * and values that are too deep or too big are refused before anything is built of them: 200 MB of output must cost
 * neither the memory nor the event loop of the worker. Like JSON.stringify it drops undefined and makes NaN null.
 */
export function toPlainJson(value: unknown, maxBytes: number): PlainJson {
  try {
    measure(value, { leftBytes: maxBytes, maxBytes });
    const text = JSON.stringify(value);
    if (text === undefined) return { ok: true, value: null, bytes: 4 };
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBytes) return { ok: false, problem: toTooBigText(maxBytes) };
    const plain: Json = JSON.parse(text, (_key, inner) => (typeof inner === 'string' ? toSafeText(inner) : inner));
    return { ok: true, value: plain, bytes };
  } catch (error) {
    return { ok: false, problem: error instanceof NotJsonError ? error.message : `it throws: ${messageOf(error)}` };
  }
}

class NotJsonError extends Error {
  override readonly name = 'NotJsonError';
}

function toTooBigText(maxBytes: number): string {
  return `it is bigger than ${maxBytes} bytes of JSON; write big results to an artifact`;
}

interface Budget {
  leftBytes: number;
  readonly maxBytes: number;
}

/** Walks the value and throws a NotJsonError at the first thing that cannot be stored. Sizes are lower bounds. */
function measure(value: unknown, budget: Budget, ancestors: readonly object[] = []): void {
  switch (typeof value) {
    case 'bigint':
    case 'function':
    case 'symbol':
      throw new NotJsonError(`it contains a ${typeof value}, which JSON does not have`);
    case 'string':
      spend(budget, value.length + 2);
      break;
    case 'object':
      if (value === null) spend(budget, 4);
      else measureObject(value, budget, ancestors);
      break;
    default:
      spend(budget, 1);
  }
}

function measureObject(value: object, budget: Budget, ancestors: readonly object[]): void {
  if (ancestors.includes(value)) throw new NotJsonError('it contains itself');
  if (ancestors.length >= MAX_JSON_DEPTH) throw new NotJsonError(`it nests deeper than ${MAX_JSON_DEPTH} levels`);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw new NotJsonError('it contains bytes; write bytes to an artifact');
  }
  const path = [...ancestors, value];
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    measure(value.toJSON(), budget, path);
  } else if (Array.isArray(value)) {
    spend(budget, 2);
    for (const item of value) measure(item, budget, path);
  } else {
    spend(budget, 2);
    for (const [key, inner] of Object.entries(value)) {
      if (inner === undefined) continue;
      spend(budget, key.length + 3);
      measure(inner, budget, path);
    }
  }
}

function spend(budget: Budget, bytes: number): void {
  budget.leftBytes -= bytes;
  if (budget.leftBytes < 0) throw new NotJsonError(toTooBigText(budget.maxBytes));
}
