/** How bad the network is now. Shares are of single requests. */
export interface Network {
  /** A request never arrives. */
  lostRequests: number;
  /** A request is carried out and its answer never arrives. */
  lostReplies: number;
  /** A request stays on the way for seconds, and arrives when nobody counts on it any more. */
  lateRequests: number;
  /** A statement holds its locks for long. */
  slowStatements: number;
  /** A command to Redis is carried out a second time, as after a reconnect. */
  repeatedCommands: number;
}

export const GOOD_NETWORK: Network = {
  lostRequests: 0,
  lostReplies: 0,
  lateRequests: 0,
  slowStatements: 0.02,
  repeatedCommands: 0,
};
