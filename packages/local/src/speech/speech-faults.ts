/** What goes wrong with one SynthesizeSpeech request. */
export type SpeechFault =
  /** HTTP 400 ThrottlingException, as Polly does over its rate. */
  | { readonly kind: 'throttle' }
  /** HTTP 500 ServiceFailureException. */
  | { readonly kind: 'serviceFailure' }
  /** The connection is torn after this many bytes of audio; 0 tears it right after the headers. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The reply ends cleanly after this many bytes of audio: only the audio itself shows that something is missing. */
  | { readonly kind: 'short'; readonly afterBytes: number }
  /** The reply declares this many bytes more than it sends. */
  | { readonly kind: 'wrongContentLength'; readonly extraBytes: number }
  /** The whole reply starts this much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** A wait before every chunk of audio: a stream that takes long enough to be interrupted. */
  | { readonly kind: 'slow'; readonly gapMs: number }
  /** The request is read and never answered. */
  | { readonly kind: 'hang' };

/** The script of what goes wrong: each SynthesizeSpeech request takes one fault off the front, in order of arrival. */
export class SpeechFaults {
  readonly #script: SpeechFault[];

  constructor(script: readonly SpeechFault[] = []) {
    this.#script = [...script];
  }

  /** The next `count` requests meet this fault, after those already scripted. */
  add(fault: SpeechFault, count = 1): void {
    for (let index = 0; index < count; index += 1) this.#script.push(fault);
  }

  /** Forgets everything scripted. */
  clear(): void {
    this.#script.length = 0;
  }

  /** How many requests are still going to meet a fault. */
  get remaining(): number {
    return this.#script.length;
  }

  /** The fault for the request that arrives now, or null. */
  take(): SpeechFault | null {
    return this.#script.shift() ?? null;
  }
}
