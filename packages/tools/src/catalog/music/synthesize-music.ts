import { setImmediate as nextTurn } from 'node:timers/promises';
import { MOODS, type Mood, type MoodName } from './moods.ts';
import { createSeededRandom } from './seeded-random.ts';

export const SAMPLE_RATE = 22_050;
const BEATS_PER_BAR = 4;
/** Tones of a piece together stay below full scale. */
const PAD_LEVEL = 0.09;
const BASS_LEVEL = 0.2;
const MELODY_LEVEL = 0.22;
/** Tones that start or stop at once click. */
const ATTACK_SECONDS = 0.02;
const FADE_OUT_SECONDS = 1.5;

export interface MusicOptions {
  mood: MoodName;
  seconds: number;
  tempoBpm?: number | undefined;
  /** The same seed gives the same samples. */
  seed: string;
  signal: AbortSignal;
}

/** One beat of music; the last one may be shorter. */
export interface MusicBeat {
  /** 16-bit little-endian mono samples at SAMPLE_RATE. */
  samples: Buffer;
  /** From 1. */
  bar: number;
  /** From 1. */
  beat: number;
  /** MIDI numbers of what sounds. */
  chord: number[];
  melody: number | undefined;
}

interface Tone {
  midi: number;
  level: number;
  /** Seconds until it has faded to a third. */
  decaySeconds: number;
}

/**
 * Makes simple music by additive synthesis: a pad of the mood's chords, a bass, a melody by chance. Exactly
 * `seconds * SAMPLE_RATE` samples in all. Gives other work a turn before each beat; throws the signal's reason when it
 * has aborted.
 */
export async function* synthesizeMusic(options: MusicOptions): AsyncGenerator<MusicBeat, void, void> {
  const mood = MOODS[options.mood];
  const random = createSeededRandom(options.seed);
  const beatSamples = Math.round((SAMPLE_RATE * 60) / (options.tempoBpm ?? mood.tempoBpm));
  const totalSamples = countSamples(options.seconds);
  let melody = 0;
  for (let start = 0, beat = 0; start < totalSamples; start += beatSamples, beat++) {
    await nextTurn();
    options.signal.throwIfAborted();
    const bar = Math.floor(beat / BEATS_PER_BAR);
    const chord = (mood.chords[bar % mood.chords.length] ?? mood.chords[0]).map((step) => mood.tonic + step);
    melody = step(melody, random, mood.scale.length);
    const hasMelody = random() < mood.melodyShare;
    const note = hasMelody ? toMelodyNote(mood, melody) : undefined;
    const count = Math.min(beatSamples, totalSamples - start);
    const samples = render(toTones(chord, note, beat), mood, { start, count, totalSamples });
    yield { samples, bar: bar + 1, beat: (beat % BEATS_PER_BAR) + 1, chord, melody: note };
  }
}

export function countSamples(seconds: number): number {
  return Math.round(seconds * SAMPLE_RATE);
}

/** A melody walks: mostly to a neighbour, within two octaves. */
function step(degree: number, random: () => number, scaleLength: number): number {
  const next = degree + Math.round((random() - 0.5) * 5);
  return Math.max(0, Math.min(2 * scaleLength - 1, next));
}

function toMelodyNote({ scale, tonic }: Mood, degree: number): number {
  return tonic + 12 + 12 * Math.floor(degree / scale.length) + (scale[degree % scale.length] ?? 0);
}

function toTones(chord: readonly number[], note: number | undefined, beat: number): Tone[] {
  const tones: Tone[] = chord.map((midi) => ({ midi, level: PAD_LEVEL, decaySeconds: 3 }));
  const [root] = chord;
  if (root !== undefined && beat % 2 === 0) tones.push({ midi: root - 12, level: BASS_LEVEL, decaySeconds: 0.7 });
  if (note !== undefined) tones.push({ midi: note, level: MELODY_LEVEL, decaySeconds: 0.5 });
  return tones;
}

function render(
  tones: readonly Tone[],
  mood: Mood,
  at: { start: number; count: number; totalSamples: number },
): Buffer {
  const mixed = new Float64Array(at.count);
  for (const tone of tones) addTone(mixed, tone, mood.partials);
  const samples = Buffer.alloc(at.count * 2);
  const fadeSamples = Math.min(FADE_OUT_SECONDS * SAMPLE_RATE, at.totalSamples / 2);
  for (const [index, value] of mixed.entries()) {
    const left = at.totalSamples - (at.start + index);
    const faded = value * Math.min(1, left / fadeSamples);
    samples.writeInt16LE(Math.round(Math.max(-1, Math.min(1, faded)) * 32_767), index * 2);
  }
  return samples;
}

/** Adds a tone with its partials, from silence to silence within the beat. */
function addTone(mixed: Float64Array, tone: Tone, partials: readonly number[]): void {
  const frequency = 440 * 2 ** ((tone.midi - 69) / 12);
  const scale = tone.level / partials.reduce((sum, partial) => sum + partial, 0);
  const edge = Math.min(ATTACK_SECONDS * SAMPLE_RATE, mixed.length / 2);
  for (let index = 0; index < mixed.length; index++) {
    const seconds = index / SAMPLE_RATE;
    const envelope = Math.min(1, index / edge, (mixed.length - index) / edge) * Math.exp(-seconds / tone.decaySeconds);
    let value = 0;
    for (let n = 0; n < partials.length; n++) {
      value += (partials[n] ?? 0) * Math.sin(2 * Math.PI * frequency * (n + 1) * seconds);
    }
    mixed[index] = (mixed[index] ?? 0) + value * envelope * scale;
  }
}
