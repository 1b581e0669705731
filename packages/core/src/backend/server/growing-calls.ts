import type { ToolCall } from '../../generation/tool-use.js';
import type { ToolCallPart } from './completion-chunk.js';
import { parsedJson } from './server-error.js';
import { ServerFailure } from './server-failure.js';

/** What tools are called with is a few lines of JSON; of all calls of an answer together. */
const maxInputLength = 100_000;
const maxCalls = 128;

interface GrowingCall {
  index: number | undefined;
  id: string;
  name: string;
  /** As they came. */
  inputs: string[];
}

/**
 * The tool calls of an answer, put together from their parts. By OpenAI's rules a part belongs to the call with
 * its index, and only the first has id and name. Servers also leave the index out, give every call the index
 * 0, repeat id and name with every part, write names in parts, and repeat the whole input at the end.
 * @internal
 */
export class GrowingCalls {
  readonly #offered: ReadonlySet<string>;
  readonly #calls: GrowingCall[] = [];
  #inputLength = 0;

  constructor(offered: readonly string[] = []) {
    this.#offered = new Set(offered);
  }

  get length(): number {
    return this.#calls.length;
  }

  /** Throws a {@link ServerFailure} where the calls never end. */
  add(part: ToolCallPart): void {
    this.#inputLength += part.input.length + part.name.length;
    const call = this.#callOf(part) ?? this.#begin(part);
    if (this.#inputLength > maxInputLength || this.#calls.length > maxCalls)
      throw new ServerFailure('endless');
    if (call.id === '') call.id = part.id;
    call.name = this.#nameOf(call, part.name);
    if (part.input !== '') call.inputs.push(part.input);
  }

  /** Each with an id of its own and an input that is JSON where it can be read as such. */
  whole(): ToolCall[] {
    const used = new Set<string>();
    return this.#calls
      .filter(({ name }) => name !== '')
      .map(({ id, name, inputs }, position) => {
        const wanted = id === '' ? `call-${position}` : id;
        const unique = used.has(wanted) ? `${wanted}-${position}` : wanted;
        used.add(unique);
        return { id: unique, name, input: inputOf(inputs) };
      });
  }

  /** The call that a part goes on with; undefined where it begins one. */
  #callOf({ index, id, name, input }: ToolCallPart): GrowingCall | undefined {
    const last = this.#calls.at(-1);
    const found =
      index === undefined
        ? (this.#calls.findLast((call) => id !== '' && call.id === id) ?? last)
        : this.#calls.findLast((call) => call.index === index);
    if (found === undefined || name === '') return found;
    const isRepeated = name === found.name && (input === '' || (id !== '' && id === found.id));
    if (isRepeated) return found;
    const isOther = id !== '' && found.id !== '' && id !== found.id;
    return isOther || this.#isWhole(found, name) ? undefined : found;
  }

  /** Whether a call is ended by a part that has a name. */
  #isWhole({ name, inputs }: GrowingCall, next: string): boolean {
    if (parsedJson(inputs.join('')) !== undefined) return true;
    return next !== name && this.#offered.has(name) && this.#offered.has(next);
  }

  #begin({ index, id }: ToolCallPart): GrowingCall {
    const call = { index, id, name: '', inputs: [] };
    this.#calls.push(call);
    return call;
  }

  #nameOf(call: GrowingCall, part: string): string {
    const isRepeated = part === call.name || this.#offered.has(call.name);
    return part === '' || isRepeated ? call.name : call.name + part;
  }
}

function inputOf(inputs: readonly string[]): string {
  const joined = inputs.join('');
  if (joined.trim() === '') return '{}';
  const value = parsedJson(joined);
  if (value === undefined) {
    // A first part may stand for nothing yet, and the last one may repeat all of it.
    const others = [inputs.slice(1).join(''), inputs.at(-1) ?? ''];
    return others.find((other) => typeof parsedJson(other) === 'object') ?? joined;
  }
  if (value === null) return '{}';
  // Written as JSON twice.
  return typeof value === 'string' && typeof parsedJson(value) === 'object' ? value : joined;
}
