/** A simulated process. A dead one never runs again; a frozen one runs what has become due when it thaws. */
export class SimProcess {
  readonly name: string;
  isDead = false;
  /** By the virtual clock, ms; 0 when it runs. */
  frozenUntil = 0;
  /** Its session lock in Postgres is held: false once it is dead, and while that connection is cut. */
  holdsLock = true;

  constructor(name: string) {
    this.name = name;
  }

  crash(): void {
    this.isDead = true;
    this.holdsLock = false;
  }
}
