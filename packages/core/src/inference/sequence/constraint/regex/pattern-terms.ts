import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import {
  allCharacters,
  type CharacterClasses,
  type CharacterSet,
  characterSet,
  charactersWhere,
  complement,
  union,
} from './character-set.js';
import type { Term, Terms } from './terms.js';

/** A regular expression that is parsed, and the sets of characters in it. */
export interface ParsedPattern {
  alternatives: readonly AST.Alternative[];
  sets: ReadonlyMap<AST.Node, CharacterSet>;
}

/** What a regular expression has that no automaton is made of here. */
export class PatternUnsupported extends Error {}

/** A repetition with assertions in it is written out up to so many rounds. */
const maxUnrolledRounds = 16;

const digits = characterSet([0x30, 0x39]);
const wordCharacters = characterSet([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]);
const spaces = characterSet(
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
);
const lineEnds = characterSet([0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]);

/**
 * Parses a pattern of JSON Schema, as of a `RegExp` with the flag `u`, or without it where it is none
 * with it. Throws a SyntaxError, or {@link PatternUnsupported}.
 */
export function parsePattern(source: string): ParsedPattern {
  const { alternatives } = parsed(source);
  const sets = new Map<AST.Node, CharacterSet>();
  for (const alternative of alternatives) {
    visitRegExpAST(alternative, {
      onCharacterEnter: (node) => sets.set(node, setOf(node)),
      onCharacterSetEnter: (node) => sets.set(node, setOf(node)),
      onCharacterClassEnter: (node) => sets.set(node, setOf(node)),
    });
  }
  return { alternatives, sets };
}

function parsed(source: string): AST.Pattern {
  const parser = new RegExpParser({ ecmaVersion: 2024 });
  try {
    return parser.parsePattern(source, 0, source.length, { unicode: true });
  } catch {
    return parser.parsePattern(source, 0, source.length, { unicode: false });
  }
}

function setOf(
  node: AST.CharacterClassElement | AST.CharacterClass | AST.CharacterSet,
): CharacterSet {
  switch (node.type) {
    case 'Character':
      return characterSet([node.value, node.value]);
    case 'CharacterClassRange':
      return characterSet([node.min.value, node.max.value]);
    case 'CharacterClass': {
      const all = union(node.elements.map((each) => setOf(each as AST.CharacterClassElement)));
      return node.negate ? complement(all) : all;
    }
    case 'CharacterSet':
      return escapedSet(node);
    default:
      throw new PatternUnsupported(`has ${node.raw}`);
  }
}

const propertySets = new Map<string, CharacterSet>();

function escapedSet(node: AST.CharacterSet): CharacterSet {
  switch (node.kind) {
    case 'any':
      return complement(lineEnds);
    case 'digit':
      return node.negate ? complement(digits) : digits;
    case 'word':
      return node.negate ? complement(wordCharacters) : wordCharacters;
    case 'space':
      return node.negate ? complement(spaces) : spaces;
    case 'property': {
      const known = propertySets.get(node.raw);
      if (known !== undefined) return known;
      const property = new RegExp(`^${node.raw}$`, 'u');
      const found = charactersWhere((character) => property.test(character));
      propertySets.set(node.raw, found);
      return found;
    }
  }
}

/** What follows a part of a pattern, by whether it begins at the start of the text. */
type Continuation = (isAtStart: boolean) => Term;

/** The texts in which a pattern is found, as JSON Schema and `RegExp` search: anywhere. */
export function termOfPattern(
  { alternatives, sets }: ParsedPattern,
  terms: Terms,
  classes: CharacterClasses,
): Term {
  const any = (): Term => terms.all;
  const compiler = new PatternCompiler(terms, (node) =>
    terms.set(classes.membersOf(sets.get(node) ?? allCharacters)),
  );
  return terms.union(
    compiler.choice(alternatives, any, true),
    terms.concat(terms.some, compiler.choice(alternatives, any, false)),
  );
}

class PatternCompiler {
  readonly #terms: Terms;
  readonly #characters: (node: AST.Node) => Term;

  constructor(terms: Terms, characters: (node: AST.Node) => Term) {
    this.#terms = terms;
    this.#characters = characters;
  }

  choice(alternatives: readonly AST.Alternative[], then: Continuation, isAtStart: boolean): Term {
    return this.#terms.union(
      ...alternatives.map(({ elements }) => this.#sequence(elements, then)(isAtStart)),
    );
  }

  #sequence(elements: readonly AST.Element[], then: Continuation): Continuation {
    return elements.reduceRight<Continuation>(
      (rest, element) => once((isAtStart) => this.#element(element, rest, isAtStart)),
      then,
    );
  }

  #element(element: AST.Element, then: Continuation, isAtStart: boolean): Term {
    switch (element.type) {
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
        return this.#terms.concat(this.#characters(element), then(false));
      case 'Group':
        if (element.modifiers) throw new PatternUnsupported(`has the modifiers of ${element.raw}`);
        return this.choice(element.alternatives, then, isAtStart);
      case 'CapturingGroup':
        return this.choice(element.alternatives, then, isAtStart);
      case 'Assertion':
        return this.#assertion(element, then, isAtStart);
      case 'Quantifier':
        return this.#quantifier(element, then, isAtStart);
      default:
        throw new PatternUnsupported(`has ${element.raw}`);
    }
  }

  #assertion(assertion: AST.Assertion, then: Continuation, isAtStart: boolean): Term {
    const terms = this.#terms;
    switch (assertion.kind) {
      case 'start':
        return isAtStart ? then(true) : terms.never;
      case 'end':
        return then(isAtStart).isNullable ? terms.empty : terms.never;
      case 'lookahead': {
        const ahead = this.choice(assertion.alternatives, () => terms.all, isAtStart);
        return terms.and(assertion.negate ? terms.not(ahead) : ahead, then(isAtStart));
      }
      default:
        throw new PatternUnsupported(`has ${assertion.raw}`);
    }
  }

  #quantifier(quantifier: AST.Quantifier, then: Continuation, isAtStart: boolean): Term {
    const { element, min, max } = quantifier;
    const terms = this.#terms;
    if (hasAssertion(element)) return this.#unrolled(quantifier, then, isAtStart);
    const loop = terms.loop(
      this.#element(element, () => terms.empty, false),
      min,
      max,
    );
    if (!isAtStart || then(true) === then(false)) return terms.concat(loop, then(false));
    const notEmpty = loop.isNullable ? terms.and(loop, terms.some) : loop;
    return terms.union(
      loop.isNullable ? then(true) : terms.never,
      terms.concat(notEmpty, then(false)),
    );
  }

  #unrolled(
    { element, min, max, raw }: AST.Quantifier,
    then: Continuation,
    isAtStart: boolean,
  ): Term {
    if (max > maxUnrolledRounds) throw new PatternUnsupported(`repeats an assertion in ${raw}`);
    const rounds = Array.from({ length: max }, (_, index) => index).reduceRight<Continuation>(
      (rest, index) =>
        once((isHere) => {
          const another = this.#element(element, rest, isHere);
          return index < min ? another : this.#terms.union(then(isHere), another);
        }),
      then,
    );
    return rounds(isAtStart);
  }
}

function hasAssertion(element: AST.Element): boolean {
  let found = false;
  visitRegExpAST(element, {
    onAssertionEnter: () => {
      found = true;
    },
  });
  return found;
}

/** Works each of the two cases out once, so that nesting stays linear. */
function once(make: Continuation): Continuation {
  const known = new Map<boolean, Term>();
  return (isAtStart) => {
    const term = known.get(isAtStart) ?? make(isAtStart);
    known.set(isAtStart, term);
    return term;
  };
}
