/** How a stretch of speech sounds: speaking rate and pitch as factors (1 is the voice's own), loudness as a gain (0 is silence). */
export interface Prosody {
  readonly rate: number;
  readonly pitch: number;
  readonly gain: number;
}

/** What there is to speak, in order. */
export type SpeechPart =
  | { readonly kind: 'text'; readonly text: string; readonly prosody: Prosody }
  | { readonly kind: 'pause'; readonly durationMs: number };

/** Speech as the voice does it by itself. */
export const PLAIN_PROSODY: Prosody = { rate: 1, pitch: 1, gain: 1 };
