// The host's machine code for the generated modules (code.ts), kept between runs. The chapter
// docs/design/code-cache.md specifies it.

/** A generated module in use, as a store sees it. */
export interface GeneratedModule {
  /** Its name among the generated modules, such as `handlers0`. */
  readonly name: string;
  readonly module: WebAssembly.Module;
  /** The functions that a run may have called. */
  functions(): Iterable<WebAssembly.ExportValue>;
}

/** Storage for the host's machine code of generated modules between runs. */
export interface HandlerStore {
  /** Functions with machine code of earlier runs, in the modules that this run has taken. */
  readonly reused: number;
  /**
   * A module with the machine code of earlier runs; undefined if there is none. `wasm` reads its bytes, which
   * the next file that is read may overwrite.
   */
  module(name: string, wasm: () => Uint8Array<ArrayBuffer>): WebAssembly.Module | undefined;
  /** Keeps the machine code of functions that a run has called. */
  save(modules: Iterable<GeneratedModule>): void;
}
