/** A regular language over classes of characters, as an expression. Equal expressions are the same object. */
export type Term = { readonly id: number; readonly isNullable: boolean } & (
  | { readonly kind: 'never' | 'empty' }
  | { readonly kind: 'set'; readonly members: Uint8Array }
  | { readonly kind: 'concat'; readonly first: Term; readonly rest: Term }
  | { readonly kind: 'union' | 'and'; readonly terms: readonly Term[] }
  | { readonly kind: 'not'; readonly term: Term }
  | { readonly kind: 'loop'; readonly term: Term; readonly min: number; readonly max: number }
);

type Shape = Term extends infer Each ? (Each extends Term ? Omit<Each, 'id'> : never) : never;

/**
 * Makes expressions and derives them: the derivative by a class is what may follow one of its characters.
 * Source: Owens, Reppy and Turon, Regular-expression derivatives re-examined, JFP 19(2), 2009.
 */
export class Terms {
  readonly never: Term;
  readonly empty: Term;
  /** Any text. */
  readonly all: Term;
  /** Any text but the empty one. */
  readonly some: Term;
  readonly #known = new Map<string, Term>();
  readonly #derivatives = new Map<number, Term>();
  readonly #classCount: number;

  constructor(classCount: number) {
    this.#classCount = classCount;
    this.never = this.#intern('never', { kind: 'never', isNullable: false });
    this.empty = this.#intern('empty', { kind: 'empty', isNullable: true });
    const any = this.set(new Uint8Array(classCount).fill(1));
    this.all = this.loop(any, 0, Number.POSITIVE_INFINITY);
    this.some = this.loop(any, 1, Number.POSITIVE_INFINITY);
  }

  set(members: Uint8Array): Term {
    if (!members.includes(1)) return this.never;
    return this.#intern(`set ${members.join('')}`, { kind: 'set', members, isNullable: false });
  }

  concat(first: Term, rest: Term): Term {
    if (first.kind === 'never' || rest.kind === 'never') return this.never;
    if (first.kind === 'empty') return rest;
    if (rest.kind === 'empty') return first;
    if (first.kind === 'concat') return this.concat(first.first, this.concat(first.rest, rest));
    if (first === this.all && rest === this.all) return first;
    return this.#intern(`concat ${first.id} ${rest.id}`, {
      kind: 'concat',
      first,
      rest,
      isNullable: first.isNullable && rest.isNullable,
    });
  }

  union(...given: readonly Term[]): Term {
    const terms = members('union', given).filter((each) => each !== this.never);
    if (terms.some((each) => each === this.all)) return this.all;
    const [only] = terms;
    if (only === undefined) return this.never;
    if (terms.length === 1) return only;
    return this.#intern(`union ${terms.map(({ id }) => id)}`, {
      kind: 'union',
      terms,
      isNullable: terms.some(({ isNullable }) => isNullable),
    });
  }

  and(...given: readonly Term[]): Term {
    const terms = members('and', given).filter((each) => each !== this.all);
    if (terms.some((each) => each === this.never)) return this.never;
    const isNullable = terms.every((each) => each.isNullable);
    if (terms.includes(this.empty)) return isNullable ? this.empty : this.never;
    const [only] = terms;
    if (only === undefined) return this.all;
    if (terms.length === 1) return only;
    return this.#intern(`and ${terms.map(({ id }) => id)}`, { kind: 'and', terms, isNullable });
  }

  not(term: Term): Term {
    if (term.kind === 'not') return term.term;
    if (term === this.never) return this.all;
    if (term === this.all) return this.never;
    return this.#intern(`not ${term.id}`, { kind: 'not', term, isNullable: !term.isNullable });
  }

  loop(term: Term, least: number, max: number): Term {
    const min = term.isNullable ? 0 : least;
    if (max === 0 || term.kind === 'empty') return this.empty;
    if (term.kind === 'never') return min === 0 ? this.empty : this.never;
    if (min === 1 && max === 1) return term;
    return this.#intern(`loop ${term.id} ${min} ${max}`, {
      kind: 'loop',
      term,
      min,
      max,
      isNullable: min === 0,
    });
  }

  derive(term: Term, byClass: number): Term {
    const key = term.id * this.#classCount + byClass;
    const known = this.#derivatives.get(key);
    if (known !== undefined) return known;
    const derived = this.#derived(term, byClass);
    this.#derivatives.set(key, derived);
    return derived;
  }

  #derived(term: Term, byClass: number): Term {
    switch (term.kind) {
      case 'never':
      case 'empty':
        return this.never;
      case 'set':
        return term.members[byClass] === 1 ? this.empty : this.never;
      case 'concat': {
        const first = this.concat(this.derive(term.first, byClass), term.rest);
        return term.first.isNullable ? this.union(first, this.derive(term.rest, byClass)) : first;
      }
      case 'union':
        return this.union(...term.terms.map((each) => this.derive(each, byClass)));
      case 'and':
        return this.and(...term.terms.map((each) => this.derive(each, byClass)));
      case 'not':
        return this.not(this.derive(term.term, byClass));
      case 'loop':
        return this.concat(
          this.derive(term.term, byClass),
          this.loop(term.term, Math.max(0, term.min - 1), term.max - 1),
        );
    }
  }

  #intern(key: string, shape: Shape): Term {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const term: Term = { id: this.#known.size, ...shape };
    this.#known.set(key, term);
    return term;
  }
}

/** The members of a union or intersection, each once and in a fixed order. */
function members(kind: 'union' | 'and', given: readonly Term[]): Term[] {
  const flat = given.flatMap((each) => (each.kind === kind ? each.terms : [each]));
  return [...new Set(flat)].sort((one, other) => one.id - other.id);
}
