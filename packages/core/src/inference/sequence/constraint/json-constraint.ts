import type { CacheScope } from '../../../cache-scopes.js';
import { VistazoError } from '../../../errors.js';
import { ScopedCache } from '../../../scoped-cache.js';
import { Automaton, type State } from './automaton.js';
import { jsonSchemaGrammar } from './json-schema-grammar.js';
import { type AllowedTokens, TokenTrie } from './token-trie.js';

/** Memory for the tokens allowed in the states of all schemas. */
const maxAllowedBytes = 64 * 2 ** 20;
/** Schemas whose states are remembered for the next answer. */
const maxSchemas = 16;
/** A schema that has met more states is begun anew, so that long recursion does not pile them up. */
const maxStates = 20_000;

/** Holds one answer to a form, token by token. */
export interface Constraint {
  /** Whether the answer may end here. */
  readonly isAccepting: boolean;
  /** Whether it must. */
  readonly isFinal: boolean;
  /**
   * Sets the logits of tokens that may not follow to −∞. With `tokensLeft` of them, an answer can
   * always be brought to its end.
   */
  mask(logits: Float32Array, tokensLeft: number): void;
  /** Takes the token that was picked. */
  accept(token: number): void;
}

interface CompiledSchema {
  automaton: Automaton;
  /** Tells its states from those of others. */
  number: number;
}

/**
 * Makes constraints that hold answers to a JSON Schema, for one vocabulary. What a model may say next
 * is worked out from the bytes of its tokens, so that no answer that is valid is out of its reach.
 * Source: Willard and Louf, Efficient Guided Generation for Large Language Models, arXiv:2307.09702.
 */
export class JsonConstraints {
  readonly #tokenBytes: readonly (Uint8Array | undefined)[];
  readonly #endTokens: ReadonlySet<number>;
  readonly #trie: TokenTrie;
  readonly #schemas = new ScopedCache<CompiledSchema>(maxSchemas, () => 1);
  readonly #allowed = new ScopedCache<AllowedTokens>(
    maxAllowedBytes,
    ({ tokens, bytesToEnd }) => tokens.byteLength + bytesToEnd.byteLength,
  );
  #lastNumber = 0;

  /** `tokenBytes` are tokens by their id; `endTokens` end an answer. */
  constructor(tokenBytes: readonly (Uint8Array | undefined)[], endTokens: ReadonlySet<number>) {
    this.#tokenBytes = tokenBytes;
    this.#endTokens = endTokens;
    this.#trie = new TokenTrie(tokenBytes);
  }

  /**
   * A constraint for an answer of at most `maxTokens`; what is worked out for it is kept for answers of
   * the same scope. Throws `option.unsupported` or
   * `option.invalid`, also when no answer can be so short.
   */
  forAnswer(schema: Record<string, unknown>, maxTokens: number, scope: CacheScope): Constraint {
    const compiled = this.#compiled(schema, scope);
    const { start } = compiled.automaton;
    if (start.bytesToEnd > maxTokens) throw tooShort(start.bytesToEnd, maxTokens);
    const { automaton, number } = compiled;
    return new JsonConstraint(automaton, {
      tokenBytes: this.#tokenBytes,
      endTokens: this.#endTokens,
      allowedIn: (state) => {
        const key = `${number} ${state.id}`;
        const known = this.#allowed.get(scope, key);
        if (known !== undefined) return known;
        const found = this.#trie.allowed(automaton, state);
        this.#allowed.set(scope, key, found);
        return found;
      },
    });
  }

  #compiled(schema: Record<string, unknown>, scope: CacheScope): CompiledSchema {
    const key = JSON.stringify(schema);
    const known = this.#schemas.get(scope, key);
    if (known !== undefined && known.automaton.stateCount <= maxStates) return known;
    const compiled = {
      automaton: new Automaton(jsonSchemaGrammar(schema), this.#trie.singleBytes),
      number: ++this.#lastNumber,
    };
    this.#schemas.set(scope, key, compiled);
    return compiled;
  }

  /** Drops all that was worked out in the scope of this name. */
  forget(name: string): void {
    this.#schemas.forget(name);
    this.#allowed.forget(name);
  }
}

interface Vocabulary {
  tokenBytes: readonly (Uint8Array | undefined)[];
  endTokens: ReadonlySet<number>;
  allowedIn: (state: State) => AllowedTokens;
}

class JsonConstraint implements Constraint {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  #state: State;

  constructor(automaton: Automaton, vocabulary: Vocabulary) {
    this.#automaton = automaton;
    this.#vocabulary = vocabulary;
    this.#state = automaton.start;
  }

  get isAccepting(): boolean {
    return this.#state.isAccepting;
  }

  get isFinal(): boolean {
    return this.#state.isFinal;
  }

  mask(logits: Float32Array, tokensLeft: number): void {
    const { tokens, bytesToEnd, maxBytesToEnd } = this.#vocabulary.allowedIn(this.#state);
    const before = logits.slice();
    logits.fill(Number.NEGATIVE_INFINITY);
    // A byte is a token at least, so what can be ended in so many bytes can be ended in so many tokens.
    const allFit = maxBytesToEnd < tokensLeft;
    for (let index = 0; index < tokens.length; index += 1) {
      if (!allFit && (bytesToEnd[index] as number) >= tokensLeft) continue;
      const token = tokens[index] as number;
      logits[token] = before[token] as number;
    }
    if (!this.isAccepting) return;
    for (const token of this.#vocabulary.endTokens) logits[token] = before[token] as number;
  }

  accept(token: number): void {
    const bytes = this.#vocabulary.tokenBytes[token] ?? new Uint8Array();
    const next = this.#automaton.read(this.#state, bytes);
    if (next === undefined) {
      throw new VistazoError('internal', `The token ${token} was picked though it may not follow.`);
    }
    this.#state = next;
  }
}

function tooShort(needed: number, maxTokens: number): VistazoError {
  return new VistazoError(
    'option.invalid',
    Number.isFinite(needed)
      ? `An answer that follows jsonSchema can need ${needed} tokens, but there is room for ${maxTokens}; raise maxNewTokens or send less.`
      : 'No answer of this model can follow jsonSchema, since its vocabulary lacks signs that it needs; use another schema or model.',
  );
}
