import { VistazoError } from '../../../errors.js';
import { call, choice, type Grammar, literal, nothing, type Rule, sequence } from './grammar.js';
import {
  anyArray,
  anyObject,
  blank,
  listRule,
  stringRule,
  whatever,
  whateverRules,
} from './json-rules.js';
import { excludeEachOther, isRecord, isStrings, type Schema } from './json-schema-branches.js';
import { integerRule, type NumberBounds, numberRule } from './number-rules.js';

/** Say nothing about which values are valid. */
const annotations = [
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'format',
];

const keywordsOfType: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'propertyNames'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
};

/**
 * The grammar of the JSON texts that are valid under a schema: compact or with one space after
 * commas and colons, properties in the order of the schema. Source: JSON Schema 2020-12.
 *
 * Known are `type`, `properties`, `required`, `additionalProperties`, `propertyNames`, `items`,
 * `prefixItems`, `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum`, `maximum`,
 * `exclusiveMinimum`, `exclusiveMaximum`, `enum`, `const`, `anyOf`, `oneOf` whose branches exclude
 * each other, and `$ref` into the schema itself; `format` is an annotation. Anything else throws
 * `option.unsupported`, a schema that contradicts itself `option.invalid`.
 */
export function jsonSchemaGrammar(schema: Schema): Grammar {
  return new SchemaCompiler(schema).grammar();
}

class SchemaCompiler {
  readonly #root: Schema;
  readonly #rules = new Map<string, Rule>(whateverRules);
  /** Those whose rule is being made before any sign of it was written; they must not need themselves. */
  readonly #opening = new Set<string>();
  readonly #begun = new Set<string>();

  constructor(root: Schema) {
    this.#root = root;
  }

  grammar(): Grammar {
    return { start: sequence(blank, this.#value(this.#root, '')), rules: this.#rules };
  }

  #value(given: unknown, path: string): Rule {
    if (given === true) return whatever;
    if (given === false) throw contradiction(path, 'allows no value');
    if (!isRecord(given)) throw invalid(path, 'is no schema');
    const schema = given;
    if (schema.$ref !== undefined) return this.#reference(schema, path);
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      if (schema[keyword] !== undefined) return this.#branches(schema, keyword, path);
    }
    if (schema.const !== undefined) return this.#literals(schema, 'const', [schema.const], path);
    if (schema.enum !== undefined) return this.#literals(schema, 'enum', schema.enum, path);
    if (schema.type === undefined) {
      requireKeywords(schema, [], path);
      return whatever;
    }
    const types = [schema.type].flat();
    requireKeywords(
      schema,
      ['type', ...types.flatMap((type) => keywordsOfType[String(type)] ?? [])],
      path,
    );
    return choice(...types.map((type) => this.#ofType(String(type), schema, path)));
  }

  #ofType(type: string, schema: Schema, path: string): Rule {
    switch (type) {
      case 'object':
        return this.#object(schema, path);
      case 'array':
        return this.#array(schema, path);
      case 'string': {
        const { minLength, maxLength } = counts(schema, 'minLength', 'maxLength', path);
        return stringRule(minLength, maxLength);
      }
      case 'number':
      case 'integer': {
        const bounds = numberBounds(schema, path);
        const rule = type === 'integer' ? integerRule(bounds) : numberRule(bounds);
        if (rule === undefined) throw contradiction(path, 'allows no number');
        return rule;
      }
      case 'boolean':
        return choice(literal('true'), literal('false'));
      case 'null':
        return literal('null');
      default:
        throw invalid(`${path}/type`, `is ${JSON.stringify(type)}, which is no type of JSON`);
    }
  }

  #reference(schema: Schema, path: string): Rule {
    requireKeywords(schema, ['$ref'], path);
    const target = String(schema.$ref);
    if (this.#opening.has(target)) throw contradiction(path, 'refers to nothing but itself');
    if (!this.#begun.has(target)) {
      this.#begun.add(target);
      this.#opening.add(target);
      this.#rules.set(target, this.#value(this.#resolve(target, path), target.slice(1)));
      this.#opening.delete(target);
    }
    return call(target);
  }

  #resolve(target: string, path: string): unknown {
    if (!target.startsWith('#')) {
      throw unsupported(path, `refers to ${target}, outside the schema`);
    }
    const names = target.slice(1).split('/').slice(1);
    return names.reduce<unknown>((found, name) => {
      const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
      const next = isRecord(found) || Array.isArray(found) ? Reflect.get(found, key) : undefined;
      if (next === undefined) throw invalid(path, `refers to ${target}, which is not there`);
      return next;
    }, this.#root);
  }

  #branches(schema: Schema, keyword: 'anyOf' | 'oneOf', path: string): Rule {
    requireKeywords(schema, [keyword], path);
    const branches = schema[keyword];
    if (!Array.isArray(branches) || branches.length === 0) {
      throw invalid(`${path}/${keyword}`, 'is no list of schemas');
    }
    if (keyword === 'oneOf' && !excludeEachOther(branches)) {
      throw unsupported(
        `${path}/oneOf`,
        'has branches of the same type that no constant property tells apart; use anyOf',
      );
    }
    return choice(
      ...branches.map((each, index) => this.#value(each, `${path}/${keyword}/${index}`)),
    );
  }

  #literals(schema: Schema, keyword: string, values: unknown, path: string): Rule {
    requireKeywords(schema, ['type', keyword], path);
    const types = schema.type === undefined ? undefined : [schema.type].flat();
    const valid = Array.isArray(values)
      ? values.filter((value) => types === undefined || types.some((type) => isOf(type, value)))
      : [];
    if (valid.length === 0) throw contradiction(path, 'allows no value');
    return choice(...valid.map((value) => literal(JSON.stringify(value))));
  }

  #array(schema: Schema, path: string): Rule {
    const { minItems, maxItems } = counts(schema, 'minItems', 'maxItems', path);
    const { prefixItems = [], items } = schema;
    if (!Array.isArray(prefixItems)) throw invalid(`${path}/prefixItems`, 'is no list of schemas');
    return this.#written(() => {
      if (prefixItems.length === 0) {
        if (maxItems === 0) return literal('[]');
        if (items === undefined && minItems === 0 && maxItems === Number.POSITIVE_INFINITY) {
          return anyArray;
        }
        return listRule('[', this.#value(items ?? true, `${path}/items`), ']', minItems, maxItems);
      }
      return this.#tuple(prefixItems, { minItems, maxItems, items }, path);
    });
  }

  /** A list of `prefixItems`, all of them, with `items` after them where so many are wanted. */
  #tuple(
    prefixItems: readonly unknown[],
    { minItems, maxItems, items }: { minItems: number; maxItems: number; items: unknown },
    path: string,
  ): Rule {
    const further = Math.max(0, minItems - prefixItems.length);
    if (maxItems < prefixItems.length || (further > 0 && items === false)) {
      throw unsupported(path, `has prefixItems that minItems and maxItems do not allow`);
    }
    const rules = [
      ...prefixItems.map((item, index) => this.#value(item, `${path}/prefixItems/${index}`)),
      ...Array.from({ length: further }, () => this.#value(items ?? true, `${path}/items`)),
    ];
    return sequence(literal('['), ...separated(rules), literal(']'));
  }

  #object(schema: Schema, path: string): Rule {
    const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
    if (!isRecord(properties)) throw invalid(`${path}/properties`, 'is no object');
    if (!isStrings(required)) throw invalid(`${path}/required`, 'is no list of names');
    const extra = required.filter((name) => !Object.hasOwn(properties, name));
    const names = [...Object.keys(properties), ...extra];
    if (extra.length > 0 && additionalProperties === false) {
      throw contradiction(path, `requires ${extra.join(', ')}, which it does not allow`);
    }
    return this.#written(() => {
      if (names.length > 0) {
        const pairs = names.map((name) => ({
          isRequired: required.includes(name),
          rule: sequence(
            literal(`${JSON.stringify(name)}:`),
            blank,
            Object.hasOwn(properties, name)
              ? this.#value(properties[name], `${path}/properties/${name}`)
              : this.#value(additionalProperties ?? true, `${path}/additionalProperties`),
          ),
        }));
        return sequence(literal('{'), this.#pairs(pairs, path), literal('}'));
      }
      if (additionalProperties === false) return literal('{}');
      if (additionalProperties === undefined && propertyNames === undefined) return anyObject;
      const key = this.#value(
        isRecord(propertyNames) ? { type: 'string', ...propertyNames } : { type: 'string' },
        `${path}/propertyNames`,
      );
      const value = this.#value(additionalProperties ?? true, `${path}/additionalProperties`);
      const pair = sequence(key, literal(':'), blank, value);
      return listRule('{', pair, '}', 0, Number.POSITIVE_INFINITY);
    });
  }

  /** Pairs in their order, of which those that are not required may be left out. */
  #pairs(pairs: readonly { isRequired: boolean; rule: Rule }[], path: string): Rule {
    const name = (index: number, isFirst: boolean) =>
      `${path} from ${index}${isFirst ? ' on' : ' after others'}`;
    const rest = (index: number, isFirst: boolean): Rule =>
      index === pairs.length ? nothing : call(name(index, isFirst));
    for (const [index, { isRequired, rule }] of pairs.entries()) {
      for (const isFirst of [true, false]) {
        const comma = isFirst ? nothing : sequence(literal(','), blank);
        const written = sequence(comma, rule, rest(index + 1, false));
        const skipped = rest(index + 1, isFirst);
        this.#rules.set(name(index, isFirst), isRequired ? written : choice(written, skipped));
      }
    }
    return rest(0, true);
  }

  /** Makes a rule whose first sign is written before what it is made of, which may need it again. */
  #written(make: () => Rule): Rule {
    const opening = [...this.#opening];
    this.#opening.clear();
    const rule = make();
    for (const target of opening) this.#opening.add(target);
    return rule;
  }
}

function separated(rules: readonly Rule[]): Rule[] {
  return rules.flatMap((rule, index) => (index === 0 ? [rule] : [literal(','), blank, rule]));
}

function counts<Min extends string, Max extends string>(
  schema: Schema,
  min: Min,
  max: Max,
  path: string,
): Record<Min | Max, number> {
  const { [min]: low = 0, [max]: high = Number.POSITIVE_INFINITY } = schema;
  for (const [name, value] of [
    [min, low],
    [max, high],
  ] as const) {
    if (typeof value !== 'number' || value < 0) throw invalid(`${path}/${name}`, 'is no count');
  }
  if (Number(low) > Number(high)) throw contradiction(path, `has a ${min} above its ${max}`);
  return { [min]: Number(low), [max]: Number(high) } as Record<Min | Max, number>;
}

function numberBounds(schema: Schema, path: string): NumberBounds {
  const bound = (name: keyof NumberBounds) => {
    const value = schema[name];
    if (value === undefined || typeof value === 'number') return value;
    throw invalid(`${path}/${name}`, 'is no number');
  };
  return {
    minimum: bound('minimum'),
    maximum: bound('maximum'),
    exclusiveMinimum: bound('exclusiveMinimum'),
    exclusiveMaximum: bound('exclusiveMaximum'),
  };
}

function isOf(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    default:
      // The other types of JSON have the names of those of JavaScript.
      return typeof value === type;
  }
}

function requireKeywords(schema: Schema, known: readonly string[], path: string): void {
  const other = Object.keys(schema).find(
    (key) => !known.includes(key) && !annotations.includes(key),
  );
  if (other !== undefined) {
    const here = known.filter((key) => schema[key] !== undefined).join(' and ');
    throw unsupported(path, `has ${other}${here === '' ? '' : ` beside ${here}`}`);
  }
}

const place = (path: string): string => (path === '' ? 'jsonSchema' : `jsonSchema at ${path}`);

const invalid = (path: string, fault: string): VistazoError =>
  new VistazoError('option.invalid', `The option ${place(path)} ${fault}; correct the schema.`);

const contradiction = (path: string, fault: string): VistazoError =>
  new VistazoError(
    'option.invalid',
    `The option ${place(path)} ${fault}, so that no answer can follow it; correct the schema.`,
  );

const unsupported = (path: string, fault: string): VistazoError =>
  new VistazoError(
    'option.unsupported',
    `The option ${place(path)} ${fault}, which an answer cannot be held to here; leave it out or use a model on a server that can.`,
  );
