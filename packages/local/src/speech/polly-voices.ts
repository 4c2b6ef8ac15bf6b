import type { FliteVoice } from './flite-engine.ts';

/** Engines of Polly; which of them a voice has decides what a request may ask for. */
export type PollyEngine = 'standard' | 'neural' | 'long-form' | 'generative';

/** One of Polly's voices, and the flite voice that stands in for it here. `pitch` is a factor that keeps the stand-ins apart. */
export interface PollyVoice {
  readonly id: string;
  readonly gender: 'Female' | 'Male';
  readonly languageCode: string;
  readonly engines: readonly PollyEngine[];
  readonly flite: FliteVoice;
  readonly pitch: number;
}

const LANGUAGE_NAMES: Readonly<Record<string, string>> = {
  'cmn-CN': 'Chinese Mandarin',
  'da-DK': 'Danish',
  'de-DE': 'German',
  'en-AU': 'Australian English',
  'en-GB': 'British English',
  'en-IE': 'Irish English',
  'en-IN': 'Indian English',
  'en-NZ': 'New Zealand English',
  'en-US': 'US English',
  'en-ZA': 'South African English',
  'es-ES': 'Castilian Spanish',
  'es-MX': 'Mexican Spanish',
  'es-US': 'US Spanish',
  'fr-FR': 'French',
  'it-IT': 'Italian',
  'ja-JP': 'Japanese',
  'nb-NO': 'Norwegian',
  'nl-NL': 'Dutch',
  'pl-PL': 'Polish',
  'pt-BR': 'Brazilian Portuguese',
  'pt-PT': 'Portuguese',
  'sv-SE': 'Swedish',
};

/** "name gender language engines": s standard, n neural, l long-form, g generative, after Polly's list of available voices. */
const VOICE_ROWS = [
  'Joanna F en-US sng',
  'Matthew M en-US sng',
  'Danielle F en-US nlg',
  'Gregory M en-US nl',
  'Ivy F en-US sn',
  'Joey M en-US sn',
  'Justin M en-US sn',
  'Kendra F en-US sn',
  'Kevin M en-US n',
  'Kimberly F en-US sn',
  'Ruth F en-US nlg',
  'Salli F en-US sng',
  'Stephen M en-US ng',
  'Amy F en-GB sng',
  'Arthur M en-GB n',
  'Brian M en-GB sng',
  'Emma F en-GB sn',
  'Nicole F en-AU s',
  'Olivia F en-AU ng',
  'Russell M en-AU s',
  'Kajal F en-IN ng',
  'Raveena F en-IN s',
  'Niamh F en-IE n',
  'Aria F en-NZ n',
  'Ayanda F en-ZA ng',
  'Daniel M de-DE ng',
  'Hans M de-DE s',
  'Marlene F de-DE s',
  'Vicki F de-DE sng',
  'Celine F fr-FR s',
  'Lea F fr-FR sng',
  'Mathieu M fr-FR s',
  'Remi M fr-FR ng',
  'Conchita F es-ES s',
  'Enrique M es-ES s',
  'Lucia F es-ES sng',
  'Sergio M es-ES ng',
  'Lupe F es-US sng',
  'Miguel M es-US s',
  'Pedro M es-US ng',
  'Andres M es-MX ng',
  'Mia F es-MX sng',
  'Adriano M it-IT n',
  'Bianca F it-IT sng',
  'Carla F it-IT s',
  'Giorgio M it-IT s',
  'Camila F pt-BR sng',
  'Ricardo M pt-BR s',
  'Thiago M pt-BR n',
  'Vitoria F pt-BR sn',
  'Cristiano M pt-PT s',
  'Ines F pt-PT sn',
  'Laura F nl-NL n',
  'Lotte F nl-NL s',
  'Ruben M nl-NL s',
  'Ewa F pl-PL s',
  'Jacek M pl-PL s',
  'Ola F pl-PL n',
  'Astrid F sv-SE s',
  'Elin F sv-SE n',
  'Mads M da-DK s',
  'Naja F da-DK s',
  'Ida F nb-NO n',
  'Liv F nb-NO s',
  'Mizuki F ja-JP s',
  'Takumi M ja-JP sn',
  'Zhiyu F cmn-CN sn',
];

const ENGINES: Readonly<Record<string, PollyEngine>> = { s: 'standard', n: 'neural', l: 'long-form', g: 'generative' };

/** Pitches given in turn to the voices of one gender; the first of each (Joanna, Matthew) keeps the flite voice's own. */
const PITCH_TURNS = [1, 1.12, 0.9, 1.06, 0.95];

/** The voices this server knows: the common ones of Polly in 22 languages, all spoken by three English flite voices. */
export const POLLY_VOICES: readonly PollyVoice[] = VOICE_ROWS.map(readVoiceRow);

/** The voice with this id (case matters, as with Polly), or undefined. */
export function findPollyVoice(id: string): PollyVoice | undefined {
  return POLLY_VOICES.find((voice) => voice.id === id);
}

/** One sentence for headers and people: which engine speaks, and that it is English only. */
export function describeStandIn(voice: PollyVoice): string {
  const stand = `${voice.id} is spoken by the local flite voice ${voice.flite}, which knows English only`;
  return voice.languageCode.startsWith('en-')
    ? stand
    : `${stand}: ${voice.languageCode} is read with an English pronunciation`;
}

/** The voice as DescribeVoices returns it; `Name` tells people that this is not Polly. */
export function describeVoice(voice: PollyVoice): Readonly<Record<string, unknown>> {
  return {
    Gender: voice.gender,
    Id: voice.id,
    LanguageCode: voice.languageCode,
    LanguageName: LANGUAGE_NAMES[voice.languageCode] ?? voice.languageCode,
    Name: `${voice.id} (local flite ${voice.flite}, English only)`,
    SupportedEngines: voice.engines,
    NightshiftNote: describeStandIn(voice),
  };
}

function readVoiceRow(row: string, index: number): PollyVoice {
  const [id = '', gender, languageCode = '', engineLetters = ''] = row.split(' ');
  const american = languageCode === 'en-US';
  return {
    id,
    gender: gender === 'F' ? 'Female' : 'Male',
    languageCode,
    engines: [...engineLetters].flatMap((letter) => ENGINES[letter] ?? []),
    flite: gender === 'F' ? 'slt' : american ? 'rms' : 'awb',
    pitch: PITCH_TURNS[Math.floor(index / 2) % PITCH_TURNS.length] ?? 1,
  };
}
