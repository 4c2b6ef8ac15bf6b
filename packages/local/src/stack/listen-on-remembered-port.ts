import { choosePort } from './choose-port.ts';

const MAX_TRIES = 3;

/**
 * Starts a server on the port remembered in `file`, or on another one when somebody has taken it, also when that
 * happens between the choice and the start.
 */
export async function listenOnRememberedPort<Server>(
  file: string,
  start: (port: number) => Promise<Server>,
): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    const port = await choosePort({ file });
    try {
      return await start(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === MAX_TRIES) throw error;
    }
  }
}
