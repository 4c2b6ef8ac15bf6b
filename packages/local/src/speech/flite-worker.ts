import type { MessagePort } from 'node:worker_threads';
import type { WasmApi, WasmMemory, WasmModule } from './web-assembly-api.ts';

/** One utterance for the flite program: its command line without the program name; the text must be plain ASCII. */
export interface FliteJob {
  readonly id: number;
  readonly args: readonly string[];
}

/** What the worker answers: the WAV file that flite wrote, or why there is none. */
export type FliteReply =
  | { readonly kind: 'wav'; readonly id: number; readonly wav: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };

/**
 * JavaScript for `new Worker(code, { eval: true, workerData: module })`: takes FliteJob messages and answers each with a FliteReply.
 *
 * The code is the text of this file's own functions, so that one source runs from TypeScript under the test runner (Node 20 cannot load a
 * worker file of TypeScript) and compiled by plain node. They may therefore use only each other, their parameters and globals.
 *
 * The WASI host is written here instead of taken from node:wasi because that crashes the whole process on Node 20 (a segmentation fault
 * within a dozen utterances) and would need a real folder for the WAV file. Flite imports thirteen functions, writes one file and reads none.
 */
export function makeFliteWorkerCode(): string {
  const functions = [createFliteOutput, createWasiFiles, createWasiProcess, runFlite, serveFlite];
  // esbuild-based runners wrap inner functions in a helper of the name __name, which the worker has not got.
  return `globalThis.__name = (value) => value;
    const { parentPort, workerData } = require('node:worker_threads');
    ${functions.map((each) => each.toString()).join('\n')}
    serveFlite(parentPort, workerData);`;
}

/** Answers jobs one after the other; a program that traps fails its own job only. */
function serveFlite(port: MessagePort, module: WasmModule): void {
  const wavHeaderBytes = 44;
  port.on('message', ({ id, args }: FliteJob) => {
    let reply: FliteReply;
    try {
      const { wav, log } = runFlite(module, args);
      const spoke = wav.length > wavHeaderBytes;
      reply = spoke ? { kind: 'wav', id, wav } : { kind: 'failed', id, reason: log || 'no audio' };
    } catch (error) {
      reply = { kind: 'failed', id, reason: String(error) };
    }
    port.postMessage(reply, reply.kind === 'wav' ? [reply.wav.buffer] : []);
  });
}

/** Runs the program once, from fresh memory. Throws what the program traps with. */
function runFlite(module: WasmModule, args: readonly string[]): { wav: Uint8Array<ArrayBuffer>; log: string } {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmApi };
  const output = createFliteOutput();
  const exit = new Error('the program ended');
  let memory: WasmMemory | null = null;
  const readBuffer = (): ArrayBuffer => memory?.buffer ?? new ArrayBuffer(0);
  const host = { ...createWasiProcess(readBuffer, ['flite', ...args], exit), ...createWasiFiles(readBuffer, output) };
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: host });
  memory = exports.memory as WasmMemory;
  try {
    (exports._start as () => void)();
  } catch (error) {
    if (error !== exit) throw error;
  }
  return { wav: output.readWav(), log: output.readLog() };
}

/** Where the program's bytes go: the WAV file, with the position that seeking moves, and what it prints. */
function createFliteOutput() {
  const maxLogChars = 2_000;
  let file = new Uint8Array(256 * 1024);
  let length = 0;
  let position = 0;
  let log = '';
  return {
    truncate(): void {
      length = 0;
      position = 0;
    },
    append(chunk: Uint8Array): void {
      if (position + chunk.length > file.length) {
        const grown = new Uint8Array((position + chunk.length) * 2);
        grown.set(file.subarray(0, length));
        file = grown;
      }
      file.set(chunk, position);
      position += chunk.length;
      length = Math.max(length, position);
    },
    seek(offset: number, whence: number): number {
      position = offset + (whence === 0 ? 0 : whence === 1 ? position : length);
      return position;
    },
    print(chunk: Uint8Array): void {
      log = (log + new TextDecoder().decode(chunk)).slice(-maxLogChars);
    },
    readWav: (): Uint8Array<ArrayBuffer> => file.slice(0, length),
    readLog: (): string => log,
  };
}

/** WASI's arguments, clock and exit. The program grows its memory while it runs, which detaches older views: every call takes a fresh one. */
function createWasiProcess(readBuffer: () => ArrayBuffer, args: readonly string[], exit: Error) {
  const encoder = new TextEncoder();
  const argBytes = args.map((arg) => encoder.encode(`${arg}\0`));
  return {
    args_sizes_get(countAt: number, sizeAt: number): number {
      const view = new DataView(readBuffer());
      view.setUint32(countAt, argBytes.length, true);
      view.setUint32(
        sizeAt,
        argBytes.reduce((sum, arg) => sum + arg.length, 0),
        true,
      );
      return 0;
    },
    args_get(pointersAt: number, charsAt: number): number {
      let at = charsAt;
      argBytes.forEach((arg, index) => {
        new DataView(readBuffer()).setUint32(pointersAt + 4 * index, at, true);
        new Uint8Array(readBuffer()).set(arg, at);
        at += arg.length;
      });
      return 0;
    },
    clock_time_get(_clock: number, _precision: bigint, timeAt: number): number {
      new DataView(readBuffer()).setBigUint64(timeAt, BigInt(Date.now()) * 1_000_000n, true);
      return 0;
    },
    proc_exit(): never {
      throw exit;
    },
  };
}

/** WASI's files: one root folder in which only the WAV file can be made. Numbers are WASI preview 1's error codes, file types and flags. */
function createWasiFiles(readBuffer: () => ArrayBuffer, output: ReturnType<typeof createFliteOutput>) {
  const success = 0;
  const badDescriptor = 8;
  const noSuchFile = 44;
  const rootFd = 3;
  const wavFd = 4;
  return {
    fd_prestat_get(fd: number, prestatAt: number): number {
      if (fd !== rootFd) return badDescriptor;
      const view = new DataView(readBuffer());
      view.setUint32(prestatAt, 0, true);
      view.setUint32(prestatAt + 4, '/'.length, true);
      return success;
    },
    fd_prestat_dir_name(_fd: number, nameAt: number): number {
      new DataView(readBuffer()).setUint8(nameAt, '/'.charCodeAt(0));
      return success;
    },
    fd_fdstat_get(fd: number, statAt: number): number {
      const view = new DataView(readBuffer());
      const fileType = fd === rootFd ? 3 : fd === wavFd ? 4 : 2;
      const allRights = 0x1fff_ffffn;
      view.setUint32(statAt, fileType, true);
      view.setUint32(statAt + 4, 0, true);
      view.setBigUint64(statAt + 8, allRights, true);
      view.setBigUint64(statAt + 16, allRights, true);
      return success;
    },
    fd_fdstat_set_flags: (): number => success,
    // Parameters: folder, lookup flags, path, path length, open flags, two sets of rights, descriptor flags, where the new descriptor goes.
    path_open(
      ...[, , , , openFlags, , , , fdAt]: [number, number, number, number, number, bigint, bigint, number, number]
    ): number {
      const createFlag = 1;
      if ((openFlags & createFlag) === 0) return noSuchFile;
      output.truncate();
      new DataView(readBuffer()).setUint32(fdAt, wavFd, true);
      return success;
    },
    fd_close: (): number => success,
    fd_seek(fd: number, offset: bigint, whence: number, positionAt: number): number {
      if (fd !== wavFd) return badDescriptor;
      new DataView(readBuffer()).setBigUint64(positionAt, BigInt(output.seek(Number(offset), whence)), true);
      return success;
    },
    fd_read(_fd: number, _vectorsAt: number, _count: number, readAt: number): number {
      new DataView(readBuffer()).setUint32(readAt, 0, true);
      return success;
    },
    fd_write(fd: number, vectorsAt: number, count: number, writtenAt: number): number {
      const view = new DataView(readBuffer());
      let written = 0;
      for (let index = 0; index < count; index += 1) {
        const length = view.getUint32(vectorsAt + 8 * index + 4, true);
        const chunk = new Uint8Array(readBuffer(), view.getUint32(vectorsAt + 8 * index, true), length);
        if (fd === wavFd) output.append(chunk);
        else output.print(chunk);
        written += length;
      }
      view.setUint32(writtenAt, written, true);
      return success;
    },
  };
}
