import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { createAudioEncoder } from './encode-audio.ts';
import { ENGINE_SAMPLE_RATE_HZ, type FliteEngine } from './flite-engine.ts';
import type { SpeechOrder } from './parse-speech-request.ts';
import type { PollyVoice } from './polly-voices.ts';
import type { SpeechPart } from './speech-part.ts';
import { spellForEnglish } from './spell-for-english.ts';
import { splitSentences, splitUtterances } from './split-speech.ts';

/** Spoken when a text has nothing that an English voice can read, so that nobody takes silence for a broken recording. */
const UNREADABLE_NOTICE = 'This text is in a script that the local voice cannot read.';

/** What an empty text sounds like: audio must not be without any frame. */
const EMPTY_PAUSE_MS = 300;

/** Half a second is encoded at a time: a few milliseconds of the event loop. */
const ENCODE_SAMPLES = ENGINE_SAMPLE_RATE_HZ / 2;

/**
 * Speaks an order utterance by utterance and yields encoded audio as soon as there is some: the first bytes leave while the rest is still
 * being spoken. Stops between utterances when the consumer stops. Throws SpeechEngineError.
 */
export async function* synthesizeSpeech(
  engine: FliteEngine,
  order: SpeechOrder,
  output: Extract<SpeechOrder['output'], { kind: 'audio' }>,
): AsyncGenerator<Buffer, void, undefined> {
  const encoder = await createAudioEncoder(output.format, output.sampleRateHz);
  for await (const samples of speakParts(engine, order)) {
    for (let at = 0; at < samples.length; at += ENCODE_SAMPLES) {
      const encoded = encoder.encode(samples.subarray(at, at + ENCODE_SAMPLES));
      if (encoded.length > 0) yield encoded;
      await yieldToEventLoop();
    }
  }
  const last = encoder.finish();
  if (last.length > 0) yield last;
}

/**
 * Sentence marks of a plain text, one JSON line each as in Polly: `time` in milliseconds from the start of the audio, `start` and `end` as
 * byte offsets in the UTF-8 text. The times are measured: every sentence is spoken.
 */
export async function* markSentences(engine: FliteEngine, order: SpeechOrder): AsyncGenerator<Buffer, void, undefined> {
  let spokenSamples = 0;
  for (const sentence of splitSentences(order.text)) {
    const mark = {
      time: Math.round((spokenSamples * 1000) / ENGINE_SAMPLE_RATE_HZ),
      type: 'sentence',
      start: Buffer.byteLength(order.text.slice(0, sentence.start)),
      end: Buffer.byteLength(order.text.slice(0, sentence.end)),
      value: sentence.text,
    };
    yield Buffer.from(`${JSON.stringify(mark)}\n`);
    const part: SpeechPart = { kind: 'text', text: sentence.text, prosody: { rate: 1, pitch: 1, gain: 1 } };
    for await (const samples of speakPart(engine, order.voice, part)) spokenSamples += samples.length;
  }
}

async function* speakParts(engine: FliteEngine, order: SpeechOrder): AsyncGenerator<Float32Array, void, undefined> {
  let spoke = false;
  let hadLetters = false;
  for (const part of order.parts) {
    hadLetters ||= part.kind === 'text' && /[\p{L}\p{N}]/u.test(part.text);
    for await (const samples of speakPart(engine, order.voice, part)) {
      spoke = true;
      yield samples;
    }
  }
  if (!hadLetters && !spoke) yield makeSilence(EMPTY_PAUSE_MS);
  if (!hadLetters || spoke) return;
  yield await engine.speak({ voice: order.voice.flite, text: UNREADABLE_NOTICE, rate: 1, pitch: order.voice.pitch });
}

async function* speakPart(
  engine: FliteEngine,
  voice: PollyVoice,
  part: SpeechPart,
): AsyncGenerator<Float32Array, void, undefined> {
  if (part.kind === 'pause') {
    if (part.durationMs > 0) yield makeSilence(part.durationMs);
    return;
  }
  const { rate, pitch, gain } = part.prosody;
  for (const sentence of splitSentences(part.text)) {
    for (const text of splitUtterances(spellForEnglish(sentence.text))) {
      const samples = await engine.speak({ voice: voice.flite, text, rate, pitch: pitch * voice.pitch });
      yield gain === 1 ? samples : samples.map((sample) => Math.max(-1, Math.min(1, sample * gain)));
    }
  }
}

function makeSilence(durationMs: number): Float32Array {
  return new Float32Array(Math.round((durationMs * ENGINE_SAMPLE_RATE_HZ) / 1000));
}
