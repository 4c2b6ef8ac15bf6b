import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

/** Fields that never reach a log, wherever they stand in a logged object. */
const SECRET_PATHS = ['apiKey', 'secretAccessKey', 'password', 'authorization', 'access_token', 'token'].flatMap(
  (field) => [field, `*.${field}`, `*.*.${field}`],
);

/** Secrets by value: keys of Anthropic and AWS, our own keys, bearer headers, passwords in URLs. */
const SECRET_VALUES =
  /\b(sk-ant-[\w-]{8,}|AKIA[0-9A-Z]{12,}|nsk_[\w-]{8,}|whsec_[\w+/=-]{8,}|Bearer\s+[\w.~+/=-]{8,})|(?<=:\/\/[^\s:@/]{0,64}:)[^\s@/]{3,}(?=@)/g;

/** Replaces what looks like a secret in text that is about to be logged or shown. */
export function redactText(text: string): string {
  return text.replace(SECRET_VALUES, '[redacted]');
}

export interface LoggerOptions {
  /** Which process this is: `api`, `worker`, `up`. */
  name: string;
  level?: string;
  destination?: DestinationStream;
}

/** A JSON logger on stdout; secrets are redacted by path and by value. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    name: options.name,
    level: options.level ?? 'info',
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    hooks: {
      streamWrite: (line: string) => redactText(line),
    },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

/** A logger that says nothing: for tests and for tools that are tried without servers. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}
