import { Automaton } from './automaton.js';
import {
  call,
  choice,
  type Grammar,
  literal,
  never,
  nothing,
  type Rule,
  sequence,
} from './grammar.js';
import { arrayRule } from './json-array-rules.js';
import { objectRule } from './json-object-rules.js';
import { anyArray, anyObject, blank, whatever, whateverRules } from './json-rules.js';
import { jsonStringRule } from './json-string-rules.js';
import { anyNumber, numberRule } from './number-rules.js';
import { conjunctionOf, type PlainSchema } from './schema-conjunction.js';
import { contradiction, invalidSchema, unsupportedSchema } from './schema-errors.js';
import { keywordsOf, type Schema } from './schema-keywords.js';
import { type LocatedSchema, SchemaResources } from './schema-resources.js';
import { canonical, isValidValue } from './value-validity.js';

/** Parts of one schema, so that no schema takes long. */
const maxRules = 50_000;
/** Levels of objects and lists within one another. */
const maxDepth = 1000;
/** Choices that several `anyOf` of one value make together. */
const maxCombinations = 1000;

/** Faults that are looked at to find the one that leaves no answer. */
const maxFaultsTried = 20;

const allBytes: ReadonlySet<number> = new Set(Array.from({ length: 256 }, (_, byte) => byte));

const canEnd = (grammar: Grammar): boolean =>
  new Automaton(grammar, allBytes).start.bytesToEnd < Infinity;

const jsonTypes = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

/**
 * The grammar of the JSON texts that are valid under a schema: compact or with one space after
 * commas and colons, properties in the order of the schema. Source: JSON Schema 2020-12.
 *
 * All keywords of 2020-12 are known. What is no keyword is an annotation. `contains`, `uniqueItems`,
 * `minProperties`, `maxProperties`, `not`, `if`, `dependent…`, `unevaluated…` and `$dynamicRef` throw
 * `option.unsupported` unless they ask for nothing, and so do `oneOf` whose branches do not exclude each
 * other and patterns with word boundaries, look-behind or back references. A schema that contradicts
 * itself throws `option.invalid`.
 */
export function jsonSchemaGrammar(schema: Schema): Grammar {
  requireDepth(schema);
  return new SchemaCompiler(schema).grammar();
}

/** The schema is read level by level; deeper ones would not fit on the stack. */
function requireDepth(schema: Schema): void {
  let level: unknown[] = [schema];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) throw unsupportedSchema('', `is more than ${maxDepth} levels deep`);
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    );
  }
}

/** What rules of arrays and objects are made with. */
export interface RuleMaker {
  resources: SchemaResources;
  /** The rule of a value that is valid under all of these schemas. */
  value(schemas: readonly LocatedSchema[]): Rule;
  /** Names a rule, so that it is written once. */
  define(name: string, rule: Rule): Rule;
  /** A name that no other rule has. */
  name(): string;
  /** Whether any text is of a rule that calls no other. */
  isPossible(rule: Rule): boolean;
  /** No rule, with the reason to give if nothing else can be written. */
  impossible(path: string, fault: string): Rule;
}

class SchemaCompiler implements RuleMaker {
  readonly resources: SchemaResources;
  readonly #rules = new Map<string, Rule>(whateverRules);
  readonly #numbers = new Map<unknown, Map<string, number>>();
  /** Values whose rules are still to be made. */
  readonly #open: { name: string; schemas: readonly LocatedSchema[] }[] = [];
  /** For values that are written as one of several others: the names of those. */
  readonly #branches = new Map<string, { path: string; names: string[] }>();
  readonly #faults: { name: string; path: string; fault: string }[] = [];
  #schemaCount = 0;
  #nameCount = 0;

  constructor(root: Schema) {
    this.resources = new SchemaResources(root);
  }

  grammar(): Grammar {
    const { root } = this.resources;
    const start = sequence(blank, this.value([root]));
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      this.#rules.set(next.name, this.#body(next.name, next.schemas));
    }
    this.#requireProgress();
    const grammar = { start, rules: this.#rules };
    if (!canEnd(grammar)) throw this.#reason(grammar, root.path);
    return grammar;
  }

  value(schemas: readonly LocatedSchema[]): Rule {
    const said = schemas.filter(({ schema }) => schema !== true);
    if (said.length === 0) return whatever;
    const numbers = [...new Set(said.map((each) => this.#numberOf(each)))].sort((a, b) => a - b);
    const name = `value ${numbers.join(' ')}`;
    if (!this.#rules.has(name)) {
      this.define(name, never);
      this.#open.push({ name, schemas: said });
    }
    return call(name);
  }

  define(name: string, rule: Rule): Rule {
    if (this.#rules.size >= maxRules) {
      throw unsupportedSchema('', `has more than ${maxRules} parts`);
    }
    this.#rules.set(name, rule);
    return call(name);
  }

  name(): string {
    this.#nameCount += 1;
    return `rule ${this.#nameCount}`;
  }

  isPossible(rule: Rule): boolean {
    return canEnd({ start: rule, rules: new Map() });
  }

  impossible(path: string, fault: string): Rule {
    const name = `fault ${this.#faults.length}`;
    this.#faults.push({ name, path, fault });
    return this.define(name, never);
  }

  /** Why nothing can be written: the fault without which something could. */
  #reason(grammar: Grammar, path: string): Error {
    const culprit = this.#faults.slice(0, maxFaultsTried).find(({ name }) => {
      const mended = new Map(grammar.rules).set(name, nothing);
      return canEnd({ start: grammar.start, rules: mended });
    });
    const found = culprit ?? this.#faults[0];
    return found === undefined
      ? contradiction(path, 'asks for values within values without end')
      : contradiction(found.path, found.fault);
  }

  #numberOf({ schema, base }: LocatedSchema): number {
    const byBase = this.#numbers.get(schema) ?? new Map<string, number>();
    this.#numbers.set(schema, byBase);
    const known = byBase.get(base);
    if (known !== undefined) return known;
    this.#schemaCount += 1;
    byBase.set(base, this.#schemaCount);
    return this.#schemaCount;
  }

  #body(name: string, schemas: readonly LocatedSchema[]): Rule {
    const path = schemas[0]?.path ?? '';
    const conjunction = conjunctionOf(schemas, this.resources);
    if (conjunction === undefined) return this.impossible(path, 'allows no value');
    const { plain, branches } = conjunction;
    if (branches.length === 0) return this.#plain(plain, path);
    const picks = combinations(branches, path);
    const rest = plain.filter(({ schema }) => saysSomething(schema)).map(withoutReferences);
    const rules = picks.map((pick) => this.value([...rest, ...pick]));
    const names = rules.flatMap((rule) => (rule.type === 'call' ? [rule.name] : []));
    this.#branches.set(name, { path, names });
    return choice(...rules);
  }

  #plain(plain: readonly PlainSchema[], path: string): Rule {
    const listed = plain.find(({ schema }) => isListing(schema));
    if (listed !== undefined) return this.#listed(listed, plain);
    const types = typesOf(plain);
    if (types.length === 0) return this.impossible(path, 'allows no value');
    if (types.length === jsonTypes.length && isUnbounded(plain)) return whatever;
    // Every integer is a number.
    const distinct = types.includes('number') ? types.filter((each) => each !== 'integer') : types;
    return choice(...distinct.map((type) => this.#ofType(type, plain, path)));
  }

  #listed(listed: PlainSchema, plain: readonly PlainSchema[]): Rule {
    const { schema, path } = listed;
    const values = schema.const === undefined ? schema.enum : [schema.const];
    if (!Array.isArray(values)) throw invalidSchema(`${path}/enum`, 'is no list of values');
    const valid = values.filter((value) =>
      plain.every((each) => isValidValue(value, withoutReferences(each), this.resources)),
    );
    if (valid.length === 0) return this.impossible(path, 'allows no value');
    const texts = new Map(valid.map((value) => [canonical(value), JSON.stringify(value)]));
    return choice(...[...texts.values()].map(literal));
  }

  #ofType(type: string, plain: readonly PlainSchema[], path: string): Rule {
    switch (type) {
      case 'object':
        return isUnbounded(plain, 'object') ? anyObject : objectRule(plain, path, this);
      case 'array':
        return isUnbounded(plain, 'array') ? anyArray : arrayRule(plain, path, this);
      case 'string':
        return jsonStringRule(plain, path, this);
      case 'boolean':
        return choice(literal('true'), literal('false'));
      case 'null':
        return literal('null');
      default:
        return this.#number(type === 'integer', plain, path);
    }
  }

  #number(isInteger: boolean, plain: readonly PlainSchema[], path: string): Rule {
    if (!isInteger && isUnbounded(plain, 'number')) return anyNumber;
    const all = (keyword: string) =>
      plain.flatMap((each) => {
        const value = each.schema[keyword];
        if (value === undefined) return [];
        if (typeof value === 'number' && !Number.isNaN(value)) return [value];
        throw invalidSchema(`${each.path}/${keyword}`, 'is no number');
      });
    const multiplesOf = all('multipleOf');
    if (multiplesOf.some((each) => each <= 0 || !Number.isFinite(each))) {
      throw invalidSchema(`${path}/multipleOf`, 'is not above 0');
    }
    const rule = numberRule({
      isInteger,
      minima: all('minimum'),
      maxima: all('maximum'),
      exclusiveMinima: all('exclusiveMinimum'),
      exclusiveMaxima: all('exclusiveMaximum'),
      multiplesOf,
    });
    return rule === never ? this.impossible(path, 'allows no number') : rule;
  }

  /** No value is written as nothing but itself. */
  #requireProgress(): void {
    const done = new Set<string>();
    for (const first of this.#branches.keys()) {
      const under = new Set<string>();
      const open = [first];
      for (let name = open.at(-1); name !== undefined; name = open.at(-1)) {
        if (done.has(name)) {
          open.pop();
          continue;
        }
        const { path, names } = this.#branches.get(name) ?? { path: '', names: [] };
        if (under.has(name)) {
          under.delete(name);
          done.add(name);
          open.pop();
          continue;
        }
        under.add(name);
        if (names.some((each) => under.has(each))) {
          throw contradiction(path, 'refers to nothing but itself');
        }
        open.push(...names.filter((each) => !done.has(each)));
      }
    }
  }
}

/** As it is known in a conjunction, where its references and branches stand beside it. */
const plainForms = new WeakMap<Schema, Schema>();

function withoutReferences(located: PlainSchema): PlainSchema {
  const { $ref, allOf, anyOf, oneOf, $id, ...rest } = located.schema;
  const schema = plainForms.get(located.schema) ?? rest;
  plainForms.set(located.schema, schema);
  plainForms.set(schema, schema);
  return { ...located, schema };
}

function combinations(branches: readonly LocatedSchema[][], path: string): LocatedSchema[][] {
  return branches.reduce<LocatedSchema[][]>(
    (picks, list) => {
      if (picks.length * list.length > maxCombinations) {
        throw unsupportedSchema(path, `has anyOf with more than ${maxCombinations} combinations`);
      }
      return picks.flatMap((pick) => list.map((each) => [...pick, each]));
    },
    [[]],
  );
}

const assertions = new Set([
  ...['type', 'const', 'enum'],
  ...['object', 'array', 'string', 'number'].flatMap(keywordsOf),
]);

const saysSomething = (schema: Schema): boolean =>
  Object.keys(schema).some((keyword) => assertions.has(keyword));

const isListing = ({ const: value, enum: values }: Schema): boolean =>
  value !== undefined || values !== undefined;

function typesOf(plain: readonly PlainSchema[]): string[] {
  for (const { schema, path } of plain) {
    const unknown = [schema.type ?? []].flat().find((type) => !jsonTypes.includes(String(type)));
    if (unknown !== undefined) {
      throw invalidSchema(
        `${path}/type`,
        `is ${JSON.stringify(unknown)}, which is no type of JSON`,
      );
    }
  }
  return jsonTypes.filter((type) => plain.every(({ schema }) => allowsType(schema.type, type)));
}

function allowsType(types: unknown, type: string): boolean {
  if (types === undefined) return true;
  const listed = [types].flat();
  return listed.includes(type) || (type === 'integer' && listed.includes('number'));
}

/** Whether nothing is said of values of a type, or of any. */
function isUnbounded(plain: readonly PlainSchema[], type?: string): boolean {
  const types = type === undefined ? ['object', 'array', 'string', 'number'] : [type];
  const keywords = types.flatMap(keywordsOf);
  return plain.every(({ schema }) => keywords.every((keyword) => schema[keyword] === undefined));
}
