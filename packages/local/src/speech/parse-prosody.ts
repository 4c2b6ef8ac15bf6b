import { PollyError } from './polly-error.ts';
import type { Prosody } from './speech-part.ts';

const RATES: Readonly<Record<string, number>> = {
  'x-slow': 0.5,
  slow: 0.75,
  medium: 1,
  fast: 1.25,
  'x-fast': 1.5,
  default: 1,
};
const PITCHES: Readonly<Record<string, number>> = {
  'x-low': 0.75,
  low: 0.87,
  medium: 1,
  high: 1.15,
  'x-high': 1.3,
  default: 1,
};
const VOLUMES: Readonly<Record<string, number>> = {
  silent: 0,
  'x-soft': 0.4,
  soft: 0.65,
  medium: 1,
  loud: 1.4,
  'x-loud': 1.8,
  default: 1,
};
const BREAK_STRENGTHS_MS: Readonly<Record<string, number>> = {
  none: 0,
  'x-weak': 0,
  weak: 150,
  medium: 300,
  strong: 500,
  'x-strong': 900,
};

/** Polly's documented range of the speaking rate. */
const MIN_RATE = 0.2;
const MAX_RATE = 2;
const MIN_PITCH = 0.6;
const MAX_PITCH = 1.8;
const MAX_GAIN_DB = 20;

/** Polly's documented longest break. */
const MAX_BREAK_MS = 10_000;

/** The prosody inside `<prosody ...>`, relative to the one around it. Throws PollyError InvalidSsmlException for a value Polly would refuse. */
export function parseProsody(attributes: Readonly<Record<string, string>>, outer: Prosody): Prosody {
  const { rate, pitch, volume } = attributes;
  return {
    rate:
      rate === undefined
        ? outer.rate
        : clamp(outer.rate * (RATES[rate] ?? parsePercent(rate, 'rate')), MIN_RATE, MAX_RATE),
    pitch:
      pitch === undefined
        ? outer.pitch
        : clamp(outer.pitch * (PITCHES[pitch] ?? 1 + parseSignedPercent(pitch, 'pitch')), MIN_PITCH, MAX_PITCH),
    gain: volume === undefined ? outer.gain : outer.gain * (VOLUMES[volume] ?? parseDecibels(volume)),
  };
}

/** The length of `<break>` in milliseconds: its time (`1s`, `250ms`, at most 10 s), else its strength, else a medium one. */
export function parseBreakMs(attributes: Readonly<Record<string, string>>): number {
  const { time, strength } = attributes;
  if (time !== undefined) {
    const match = /^\+?(\d+(?:\.\d+)?)(ms|s)$/.exec(time.trim());
    const durationMs = match === null ? Number.NaN : Number(match[1]) * (match[2] === 's' ? 1000 : 1);
    if (!(durationMs <= MAX_BREAK_MS)) throw invalidSsml(`break time "${time}"`);
    return durationMs;
  }
  const durationMs = BREAK_STRENGTHS_MS[strength ?? 'medium'];
  if (durationMs === undefined) throw invalidSsml(`break strength "${strength}"`);
  return durationMs;
}

/** The error that Polly answers for SSML that it cannot use; `detail` says what is wrong, which Polly itself leaves out. */
export function invalidSsml(detail: string): PollyError {
  return new PollyError('InvalidSsmlException', `Invalid SSML request: ${detail}`);
}

function parsePercent(value: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(value.trim());
  if (match === null) throw invalidSsml(`prosody ${name} "${value}"`);
  return Number(match[1]) / 100;
}

function parseSignedPercent(value: string, name: string): number {
  const match = /^([+-]\d+(?:\.\d+)?)%$/.exec(value.trim());
  if (match === null) throw invalidSsml(`prosody ${name} "${value}"`);
  return Number(match[1]) / 100;
}

function parseDecibels(value: string): number {
  const match = /^([+-]\d+(?:\.\d+)?)dB$/.exec(value.trim());
  if (match === null) throw invalidSsml(`prosody volume "${value}"`);
  return 10 ** (clamp(Number(match[1]), -MAX_GAIN_DB, MAX_GAIN_DB) / 20);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
