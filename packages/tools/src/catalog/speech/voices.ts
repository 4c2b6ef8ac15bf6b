import type { VoiceId } from '@aws-sdk/client-polly';

/** Neural voices of Polly and the language each speaks. */
export const LANGUAGE_BY_VOICE = {
  Matthew: 'en-US',
  Joanna: 'en-US',
  Amy: 'en-GB',
  Brian: 'en-GB',
  Vicki: 'de-DE',
  Daniel: 'de-DE',
  Lea: 'fr-FR',
  Remi: 'fr-FR',
  Lucia: 'es-ES',
  Sergio: 'es-ES',
  Bianca: 'it-IT',
  Adriano: 'it-IT',
  Ines: 'pt-PT',
  Camila: 'pt-BR',
  Laura: 'nl-NL',
  Ola: 'pl-PL',
  Elin: 'sv-SE',
  Ida: 'nb-NO',
  Takumi: 'ja-JP',
  Zhiyu: 'cmn-CN',
} as const satisfies Partial<Record<VoiceId, string>>;

export type Voice = keyof typeof LANGUAGE_BY_VOICE;

export const VOICES: [Voice, ...Voice[]] = ['Matthew', ...listVoices().filter((voice) => voice !== 'Matthew')];

/** Codes people write that differ from Polly's. */
const ALIASES: Readonly<Record<string, string>> = { zh: 'cmn', no: 'nb' };

/**
 * The first voice that speaks the language (a BCP 47 tag such as `de` or `pt-BR`), region included if there is one for
 * it; Matthew for a language without a voice.
 */
export function chooseVoice(language: string | undefined): Voice {
  if (language === undefined) return 'Matthew';
  const tag = language.toLowerCase().replace('_', '-');
  const [given = ''] = tag.split('-');
  const primary = ALIASES[given] ?? given;
  const exact = VOICES.find((voice) => LANGUAGE_BY_VOICE[voice].toLowerCase() === tag);
  return exact ?? VOICES.find((voice) => LANGUAGE_BY_VOICE[voice].startsWith(`${primary}-`)) ?? 'Matthew';
}

function listVoices(): Voice[] {
  return Object.keys(LANGUAGE_BY_VOICE) as Voice[];
}
