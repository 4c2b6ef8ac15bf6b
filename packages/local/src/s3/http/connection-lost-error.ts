/** Thrown when there is nobody left to answer: the client went away, or a scripted fault cut the connection. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}
