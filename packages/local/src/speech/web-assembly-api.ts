/** A compiled WebAssembly module; it can be sent to a worker. */
export interface WasmModule {
  readonly wasmModule: never;
}

/** The linear memory of a running module; `buffer` is replaced whenever the module grows it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/**
 * The part of the WebAssembly global that the speech engine uses. Node has it, but neither the es2023 library nor @types/node 20 declares it,
 * and the "dom" library would declare a browser around it.
 */
export interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Instance: new (module: WasmModule, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
}
