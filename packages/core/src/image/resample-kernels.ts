import { readFileSync } from 'node:fs';

/** What `assembly/resample.ts` exports; the arguments are described there. */
interface Exports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  sumColumns(row: number, taps: number, outputs: number, output: number): void;
  sumRows(rows: number, rowBytes: number, weights: number, fours: number, output: number): void;
}

/** Of the types that TypeScript has for browsers only, what is used here. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Exports;
  }
}

/** The kernels with their memory, and where in it each asked place begins. */
export interface ResampleKernels extends Omit<Exports, 'memory'> {
  bytes: Uint8Array;
  weightsAt: number;
  inputAt: number;
  outputAt: number;
}

/** The kernels read and write up to this much beyond a row. */
const marginBytes = 16;
const pageBytes = 2 ** 16;
const lowBits = 15;

let loaded: Exports | undefined;

function load(): Exports {
  const file = readFileSync(new URL('../../wasm/resample.wasm', import.meta.url));
  return new WebAssembly.Instance(new WebAssembly.Module(file)).exports;
}

/**
 * The kernels with room for an input and an output of these sizes, and with `weights` in place.
 * A second call may overwrite what the first one placed.
 */
export function resampleKernels(
  weights: Uint8Array,
  inputBytes: number,
  outputBytes: number,
): ResampleKernels {
  loaded ??= load();
  const { memory, sumColumns, sumRows } = loaded;
  const weightsAt = 0;
  const inputAt = weightsAt + weights.length;
  const outputAt = inputAt + inputBytes + marginBytes;
  const missingBytes = outputAt + outputBytes + marginBytes - memory.buffer.byteLength;
  if (missingBytes > 0) memory.grow(Math.ceil(missingBytes / pageBytes));
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(weights, weightsAt);
  return { bytes, weightsAt, inputAt, outputAt, sumColumns, sumRows };
}

/** Four fixed-point weights in the sixteen bytes that the kernels want. */
function packFour(weights: Int32Array, from: number, lanes: Int16Array, to: number): void {
  for (let k = 0; k < 4; k += 1) {
    const weight = weights[from + k] as number;
    lanes[to + k] = weight & (2 ** lowBits - 1);
    lanes[to + 4 + k] = weight >> lowBits;
  }
}

/** `weights`, a whole number of fours, in the kernels' form: four bytes a weight. */
export function packWeights(weights: Int32Array): Uint8Array {
  const lanes = new Int16Array(weights.length * 2);
  for (let i = 0; i < weights.length; i += 4) packFour(weights, i, lanes, i * 2);
  return new Uint8Array(lanes.buffer);
}
