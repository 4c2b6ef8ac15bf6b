import { messageOf } from '@nightshift/domain';
import type { Logger } from '@nightshift/telemetry';

/** Something outside has to start us again: a lost lease, a broken invariant. `EX_TEMPFAIL` of sysexits. */
export const EXIT_RESTART = 75;

/** A process that threw where nobody catches is in no known state: it ends, and others take over what it ran. */
export function exitOnErrors(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ error: error.stack }, 'uncaught exception; exiting, others take over');
    process.exit(EXIT_RESTART);
  });
  process.on('unhandledRejection', (reason) => {
    log.fatal({ error: messageOf(reason) }, 'unhandled rejection; exiting, others take over');
    process.exit(EXIT_RESTART);
  });
}
