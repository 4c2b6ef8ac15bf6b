/** A chord as semitones above the key's tonic; the first one is its root. */
export type Chord = readonly [number, ...number[]];

/** What makes music sound like its mood. */
export interface Mood {
  /** MIDI number of the tonic. */
  tonic: number;
  tempoBpm: number;
  /** One chord a bar, over and over. */
  chords: readonly [Chord, ...Chord[]];
  /** Semitones above the tonic that a melody may use. */
  scale: readonly [number, ...number[]];
  /** Share of the beats on which the melody plays. */
  melodyShare: number;
  /** Loudness of the first, second, ... partial of every tone. */
  partials: readonly [number, ...number[]];
}

export const MOOD_NAMES = ['calm', 'happy', 'sad', 'tense', 'epic'] as const;
export type MoodName = (typeof MOOD_NAMES)[number];

export const MOODS: Readonly<Record<MoodName, Mood>> = {
  calm: {
    tonic: 60,
    tempoBpm: 66,
    chords: [
      [0, 4, 7, 11],
      [9, 12, 16],
      [5, 9, 12],
      [7, 11, 14],
    ],
    scale: [0, 2, 4, 7, 9],
    melodyShare: 0.4,
    partials: [1, 0.25, 0.06],
  },
  happy: {
    tonic: 62,
    tempoBpm: 116,
    chords: [
      [0, 4, 7],
      [7, 11, 14],
      [9, 12, 16],
      [5, 9, 12],
    ],
    scale: [0, 2, 4, 5, 7, 9, 11],
    melodyShare: 0.8,
    partials: [1, 0.4, 0.2, 0.1],
  },
  sad: {
    tonic: 57,
    tempoBpm: 60,
    chords: [
      [0, 3, 7],
      [8, 12, 15],
      [3, 7, 10],
      [10, 14, 17],
    ],
    scale: [0, 2, 3, 5, 7, 8, 10],
    melodyShare: 0.5,
    partials: [1, 0.3, 0.1],
  },
  tense: {
    tonic: 52,
    tempoBpm: 96,
    chords: [
      [0, 3, 6],
      [1, 5, 8],
      [0, 3, 6, 9],
      [11, 14, 17],
    ],
    scale: [0, 1, 3, 4, 6, 7, 9, 10],
    melodyShare: 0.6,
    partials: [1, 0.6, 0.4, 0.25],
  },
  epic: {
    tonic: 50,
    tempoBpm: 88,
    chords: [
      [0, 3, 7],
      [8, 12, 15],
      [10, 14, 17],
      [0, 7, 12, 15],
    ],
    scale: [0, 2, 3, 5, 7, 8, 10],
    melodyShare: 0.7,
    partials: [1, 0.5, 0.35, 0.2, 0.1],
  },
};
