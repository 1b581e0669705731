import { CharacterClasses } from './character-set.js';
import { parsePattern, termOfPattern } from './pattern-terms.js';
import { type Term, Terms } from './terms.js';

/** A deterministic automaton over characters. State 0 is the start. */
export interface CharacterAutomaton {
  classes: CharacterClasses;
  /** `[states, classes.count]`: the state after a character; −1 for none. */
  nexts: Int32Array;
  /** `[states]`: 1 where a text may end. */
  accepts: Uint8Array;
}

/** Work on one language, counted in derivatives, so that no pattern takes long. */
const maxTransitions = 30_000;

/** The automaton of all texts. */
export const anyText: CharacterAutomaton = {
  classes: new CharacterClasses([]),
  nexts: Int32Array.of(0),
  accepts: Uint8Array.of(1),
};

/**
 * An automaton of the texts that match each of `patterns` and none of `others`. Where it would be large,
 * its states far from the start are left out: what it reads is valid, but long texts may be missing.
 * Throws a SyntaxError or `PatternUnsupported`.
 */
export function patternAutomaton(
  patterns: readonly string[],
  others: readonly string[] = [],
): CharacterAutomaton {
  const parsed = patterns.map(parsePattern);
  const avoided = others.map(parsePattern);
  const classes = new CharacterClasses(
    [...parsed, ...avoided].flatMap(({ sets }) => [...sets.values()]),
  );
  const terms = new Terms(classes.count);
  const start = terms.and(
    ...parsed.map((each) => termOfPattern(each, terms, classes)),
    ...avoided.map((each) => terms.not(termOfPattern(each, terms, classes))),
  );
  const states: Term[] = [start];
  const numbers = new Map<number, number>([[start.id, 0]]);
  const nexts: number[] = [];
  const maxStates = Math.max(1, Math.floor(maxTransitions / classes.count));
  for (const state of states) {
    for (let byClass = 0; byClass < classes.count; byClass += 1) {
      const next = terms.derive(state, byClass);
      let number = numbers.get(next.id);
      if (number === undefined && next.kind !== 'never' && states.length < maxStates) {
        number = states.push(next) - 1;
        numbers.set(next.id, number);
      }
      nexts.push(number ?? -1);
    }
  }
  return {
    classes,
    nexts: Int32Array.from(nexts),
    accepts: Uint8Array.from(states, ({ isNullable }) => Number(isNullable)),
  };
}
