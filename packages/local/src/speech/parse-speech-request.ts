import type { AudioFormat, AudioSampleRateHz } from './encode-audio.ts';
import { parseSsml } from './parse-ssml.ts';
import { PollyError } from './polly-error.ts';
import { findPollyVoice, POLLY_VOICES, type PollyEngine, type PollyVoice } from './polly-voices.ts';
import { PLAIN_PROSODY, type SpeechPart } from './speech-part.ts';

/** Polly's limits of one SynthesizeSpeech: 6,000 characters with SSML tags, 3,000 billed ones without (Polly quotas). */
export const MAX_TEXT_CHARS = 6_000;
export const MAX_BILLED_CHARS = 3_000;

/** A SynthesizeSpeech request that can be spoken. */
export interface SpeechOrder {
  readonly voice: PollyVoice;
  readonly output:
    | { readonly kind: 'audio'; readonly format: AudioFormat; readonly sampleRateHz: AudioSampleRateHz }
    | { readonly kind: 'sentenceMarks' };
  readonly text: string;
  readonly parts: readonly SpeechPart[];
  readonly billedChars: number;
}

const SAMPLE_RATES: Readonly<Record<AudioFormat, readonly AudioSampleRateHz[]>> = {
  mp3: [8000, 16_000, 22_050, 24_000, 44_100, 48_000],
  ogg_vorbis: [8000, 16_000, 22_050, 24_000, 44_100, 48_000],
  pcm: [8000, 16_000],
};

/** Formats of Polly that need an encoder which this server does not have. */
const UNSUPPORTED_FORMATS: readonly string[] = ['ogg_opus', 'alaw', 'mulaw'];

const ENGINES: readonly PollyEngine[] = ['standard', 'neural', 'long-form', 'generative'];
const MARK_TYPES = ['sentence', 'ssml', 'viseme', 'word'];

/** Checks the JSON body of a SynthesizeSpeech request in Polly's own words where they are known. Throws PollyError. */
export function parseSpeechRequest(body: unknown): SpeechOrder {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new PollyError('ValidationException', 'The request body must be a JSON object');
  }
  const fields: Readonly<Record<string, unknown>> = { ...body };
  const text = readRequired(fields, 'Text');
  const textType = readChoice(fields, 'TextType', ['ssml', 'text']) ?? 'text';
  const engine = readChoice(fields, 'Engine', ENGINES) ?? 'standard';
  const voice = readVoice(fields, engine);
  checkLanguage(fields, voice);
  const output = readOutput(fields, engine, textType);
  if (countChars(text) > MAX_TEXT_CHARS) throw textTooLong();
  const { parts, billedText } =
    textType === 'ssml'
      ? parseSsml(text, { standardEngine: engine === 'standard' })
      : { parts: [{ kind: 'text', text, prosody: PLAIN_PROSODY } as const], billedText: text };
  const billedChars = countChars(billedText);
  if (billedChars > MAX_BILLED_CHARS) throw textTooLong();
  return { voice, output, text, parts, billedChars };
}

function readVoice(fields: Readonly<Record<string, unknown>>, engine: PollyEngine): PollyVoice {
  const id = readRequired(fields, 'VoiceId');
  const voice = findPollyVoice(id);
  if (voice === undefined)
    throw invalidChoice(
      'VoiceId',
      id,
      POLLY_VOICES.map((known) => known.id),
    );
  if (!voice.engines.includes(engine)) {
    throw new PollyError('ValidationException', `This voice does not support the selected engine: ${engine}`);
  }
  return voice;
}

function checkLanguage(fields: Readonly<Record<string, unknown>>, voice: PollyVoice): void {
  const language = readOptional(fields, 'LanguageCode');
  if (language === undefined || language === voice.languageCode) return;
  throw new PollyError(
    'LanguageNotSupportedException',
    `The voice ${voice.id} does not support the language ${language}`,
  );
}

function readOutput(
  fields: Readonly<Record<string, unknown>>,
  engine: PollyEngine,
  textType: string,
): SpeechOrder['output'] {
  const format = readRequired(fields, 'OutputFormat');
  const markTypes = readMarkTypes(fields);
  if (format === 'json') return readMarksOutput(markTypes, textType);
  if (markTypes.length > 0) {
    throw new PollyError(
      'MarksNotSupportedForFormatException',
      'Speech marks are only supported for the json output format',
    );
  }
  if (UNSUPPORTED_FORMATS.includes(format)) {
    throw new PollyError(
      'ValidationException',
      `The local speech server cannot make ${format}: use mp3, ogg_vorbis or pcm`,
    );
  }
  if (!isAudioFormat(format)) {
    throw invalidChoice('OutputFormat', format, [...Object.keys(SAMPLE_RATES), 'json', ...UNSUPPORTED_FORMATS]);
  }
  const fallback = format === 'pcm' ? '16000' : engine === 'standard' ? '22050' : '24000';
  const asked = readOptional(fields, 'SampleRate') ?? fallback;
  const sampleRateHz = SAMPLE_RATES[format].find((rate) => String(rate) === asked);
  if (sampleRateHz === undefined) {
    throw new PollyError('InvalidSampleRateException', `The sample rate ${asked} is not valid for ${format}`);
  }
  return { kind: 'audio', format, sampleRateHz };
}

function readMarksOutput(markTypes: readonly string[], textType: string): SpeechOrder['output'] {
  if (markTypes.length === 0)
    throw new PollyError('ValidationException', 'SpeechMarkTypes is required for the json output format');
  if (markTypes.includes('ssml') && textType !== 'ssml') {
    throw new PollyError(
      'SsmlMarksNotSupportedForTextTypeException',
      'SSML speech marks are not supported for plain text',
    );
  }
  if (markTypes.some((type) => type !== 'sentence') || textType === 'ssml') {
    // The engine tells where an utterance ends, not where a word or a mouth shape begins: a guess would pass for a measurement.
    throw new PollyError(
      'ValidationException',
      'The local speech server makes speech marks only for sentences of plain text',
    );
  }
  return { kind: 'sentenceMarks' };
}

function readMarkTypes(fields: Readonly<Record<string, unknown>>): string[] {
  const value = fields.SpeechMarkTypes ?? [];
  const types = Array.isArray(value) ? value : [value];
  for (const type of types) {
    if (!MARK_TYPES.includes(type)) throw invalidChoice('SpeechMarkTypes', String(type), MARK_TYPES);
  }
  return types;
}

function readOptional(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new PollyError('ValidationException', `Value at '${wireName(name)}' must be a string`);
}

function readRequired(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = readOptional(fields, name);
  if (value !== undefined) return value;
  throw new PollyError(
    'ValidationException',
    `1 validation error detected: Value null at '${wireName(name)}' failed to satisfy constraint: Member must not be null`,
  );
}

function readChoice<Choice extends string>(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = readOptional(fields, name);
  if (value === undefined) return undefined;
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw invalidChoice(name, value, choices);
  return choice;
}

function invalidChoice(name: string, value: string, choices: readonly string[]): PollyError {
  const constraint = `Member must satisfy enum value set: [${choices.join(', ')}]`;
  return new PollyError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at '${wireName(name)}' failed to satisfy constraint: ${constraint}`,
  );
}

function textTooLong(): PollyError {
  return new PollyError('TextLengthExceededException', 'Maximum text length has been exceeded');
}

function isAudioFormat(format: string): format is AudioFormat {
  return Object.hasOwn(SAMPLE_RATES, format);
}

/** Polly's messages name fields as its model does, with a small first letter. */
function wireName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Characters as Polly counts them: an emoji is one. */
function countChars(text: string): number {
  return [...text].length;
}
