import { connect } from 'node:net';

const ASK_TIMEOUT_MS = 2_000;

/** What a Redis says about itself. */
export interface RedisInfo {
  readonly processId: number;
  readonly version: string;
}

/**
 * Logs in to a Redis on 127.0.0.1 and asks who it is; undefined when nobody answers, the password is not its password,
 * or it is still loading its data.
 */
export function askRedis(options: { port: number; password: string }): Promise<RedisInfo | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port: options.port, host: '127.0.0.1' });
    let reply = '';
    const finish = (info: RedisInfo | undefined) => {
      socket.destroy();
      resolve(info);
    };
    socket.setTimeout(ASK_TIMEOUT_MS, () => finish(undefined));
    socket.once('error', () => finish(undefined));
    socket.once('close', () => finish(undefined));
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      reply += text;
      // PING answers with an error as long as the data is being loaded, INFO does not.
      if (reply.startsWith('-') || reply.includes('\r\n-')) finish(undefined);
      const processId = /^process_id:(\d+)\r$/m.exec(reply)?.[1];
      const version = /^(?:valkey|redis)_version:(\S+)\r$/m.exec(reply)?.[1];
      if (processId !== undefined && version !== undefined) finish({ processId: Number(processId), version });
    });
    socket.write(`AUTH ${options.password}\r\nPING\r\nINFO server\r\n`);
  });
}
