import { createLogger, type Logger } from '@nightshift/telemetry';
import { isRecord } from '../http/is-record.ts';

/** A logger for the packages that want one: warnings become messages for the user. */
export function createMessageLogger(message: (text: string) => void): Logger {
  const destination = { write: (line: string) => message(toMessage(line)) };
  return createLogger({ name: 'up', level: 'warn', destination });
}

function toMessage(line: string): string {
  const entry: unknown = JSON.parse(line);
  if (!isRecord(entry)) return line;
  const error = typeof entry.error === 'string' ? `: ${entry.error}` : '';
  return `${String(entry.msg)}${error}`;
}
