import { deserialize, serialize } from 'node:v8';

const headBytes = 4;

/** A message as a frame: its length in 4 bytes, then the value as V8 clones it. */
export function frameOf(message: unknown): Buffer {
  const body = serialize(message);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** Takes frames out of the bytes of a pipe. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Of the frame that comes next; undefined before its head is there. */
  #bodyBytes: number | undefined;

  constructor(private readonly maxBytes = Number.POSITIVE_INFINITY) {}

  /** The messages that are whole now, with their sizes. Throws for one that is too long or no value. */
  *read(chunk: Buffer): Generator<{ message: unknown; bytes: number }> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    while (true) {
      if (this.#bodyBytes === undefined) {
        if (this.#held < headBytes) return;
        this.#bodyBytes = this.#take(headBytes).readUInt32LE();
        if (this.#bodyBytes > this.maxBytes)
          throw new RangeError(
            `a message of ${this.#bodyBytes} bytes; at most ${this.maxBytes} are allowed`,
          );
      }
      if (this.#held < this.#bodyBytes) return;
      const body = this.#take(this.#bodyBytes);
      this.#bodyBytes = undefined;
      yield { message: deserialize(body), bytes: headBytes + body.length };
    }
  }

  #take(bytes: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const whole = all ?? Buffer.alloc(0);
    this.#chunks = [whole.subarray(bytes)];
    this.#held -= bytes;
    return whole.subarray(0, bytes);
  }
}
