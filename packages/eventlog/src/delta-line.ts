import { type EventLine, type NewEvent, toEventLine, type Visibility, visibilityOf } from '@nightshift/domain';

/** A merged delta stays small enough to be read as a piece of a stream. */
const MAX_DELTA_CHARS = 2_000;

/** A `text.delta` or `thinking.delta` that later deltas of the same block are merged into until it is flushed. */
export class DeltaLine implements EventLine {
  readonly type: string;
  readonly visibility: Visibility;
  readonly #event: NewEvent;
  readonly #epoch: number;
  readonly #at = new Date();
  #text: string;

  constructor(event: NewEvent, epoch: number) {
    this.#event = event;
    this.#epoch = epoch;
    this.#text = String(event.data.text ?? '');
    this.type = event.type;
    this.visibility = visibilityOf(event.type);
  }

  get line(): string {
    return toEventLine({ ...this.#event, data: { ...this.#event.data, text: this.#text } }, this.#epoch, this.#at).line;
  }

  /** Takes the delta in if it continues the same block of the same turn. */
  merge(event: NewEvent): boolean {
    const text = String(event.data.text ?? '');
    const same =
      event.type === this.#event.type &&
      event.stepId === this.#event.stepId &&
      event.data.turn === this.#event.data.turn &&
      event.data.block === this.#event.data.block &&
      this.#text.length + text.length <= MAX_DELTA_CHARS;
    if (same) this.#text += text;
    return same;
  }

  static isDelta(event: NewEvent): boolean {
    return event.type === 'text.delta' || event.type === 'thinking.delta';
  }
}
