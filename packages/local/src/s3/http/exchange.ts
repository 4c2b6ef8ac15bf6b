import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request and its answer, as Node gives them. */
export interface Exchange {
  message: IncomingMessage;
  response: ServerResponse;
  /** False as long as the client waits for `100 Continue` before it sends the body. */
  isBodyComing: boolean;
}
