/**
 * Faults that can be planted into the simulated world, one mechanism of the real SQL or of the fleet taken away each. The
 * simulator has to notice every one of them: that is how we know that it would notice the same fault in the product.
 */
export interface Weaknesses {
  /** A flush is accepted whatever its epoch. */
  noFence?: boolean;
  /** A flush looks first and writes later, without a lock in between. */
  checkThenWrite?: boolean;
  /** A flush that is sent again is written again. */
  noFlushNo?: boolean;
  /** A flush is answered before it is committed. */
  answerBeforeCommit?: boolean;
  /** A claim does not count the epoch up. */
  sameEpoch?: boolean;
  /** A claim announces no half turn as void. */
  noVoid?: boolean;
  /** A settled step can be written again. */
  settledRewritten?: boolean;
  /** A settlement does not look at a cancel. */
  cancelIgnored?: boolean;
  /** A cancel does not look at the status. */
  cancelAlways?: boolean;
  /** Nobody takes tasks back from dead workers. */
  noRescuer?: boolean;
  /** Nobody looks for queued tasks whose job was lost. */
  noReconciler?: boolean;
  /** Waiting tasks are never woken. */
  noWaker?: boolean;
}
