export { createLogger, createSilentLogger, type Logger, type LoggerOptions, redactText } from './logger.ts';
export { createMetrics, type Metrics, type ProcessKind } from './metrics.ts';
