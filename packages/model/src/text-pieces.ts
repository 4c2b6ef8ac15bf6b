import { toSafeText } from '@nightshift/domain';

/**
 * The text of a stream in pieces that are each safe on their own: a character that a chunk boundary cut in two is held
 * back until its other half has arrived.
 */
export class TextPieces {
  #held = '';

  /** What can be told of the text so far; may be empty. */
  push(text: string): string {
    const all = this.#held + text;
    const cut = isHighSurrogate(all.charCodeAt(all.length - 1)) ? all.length - 1 : all.length;
    this.#held = all.slice(cut);
    return toSafeText(all.slice(0, cut));
  }

  /** What was held back and will never be whole. */
  end(): string {
    const rest = toSafeText(this.#held);
    this.#held = '';
    return rest;
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
