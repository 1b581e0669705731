/** What the compiler's library lacks outside browsers, as far as it is used here. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Instance: new (module: WasmModule, imports: object) => WasmInstance;
  Memory: new (descriptor: { initial: number }) => WasmMemory;
};

/** Compiled, and without state. @internal */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** @internal */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Makes it larger by so many pages of 64 KiB. */
  grow(pages: number): number;
}

/** @internal */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** @internal */
export const compileWasm = (bytes: Uint8Array): Promise<WasmModule> => WebAssembly.compile(bytes);

/** A module with a state of its own. @internal */
export const newWasmInstance = (module: WasmModule, imports: object): WasmInstance =>
  new WebAssembly.Instance(module, imports);

/** @internal */
export const isWasmMemory = (value: unknown): value is WasmMemory =>
  value instanceof WebAssembly.Memory;
