import { call, choice, literal, nothing, type Rule, sequence } from './grammar.js';
import { blank, listRule } from './json-rules.js';
import type { RuleMaker } from './json-schema-grammar.js';
import { outsidePatterns } from './json-string-rules.js';
import type { PlainSchema } from './schema-conjunction.js';
import { invalidSchema } from './schema-errors.js';
import { isRecord, isStrings } from './schema-keywords.js';
import type { LocatedSchema } from './schema-resources.js';
import { isValidValue, propertySchemas } from './value-validity.js';

/** Objects that are valid under all of `plain`: with named properties in order, or with any. */
export function objectRule(plain: readonly PlainSchema[], path: string, maker: RuleMaker): Rule {
  for (const each of plain) requireForm(each);
  const required = new Set(plain.flatMap(({ schema }) => (schema.required ?? []) as string[]));
  const known = plain.flatMap(({ schema }) => Object.keys(schema.properties ?? {}));
  const names = [...new Set([...known, ...required])];
  if (names.length === 0) return entriesRule(plain, maker);
  const pairs = names.map((name) => ({
    isRequired: required.has(name),
    rule: sequence(
      literal(`${JSON.stringify(name)}:`),
      blank,
      propertyRule(name, plain, path, maker),
    ),
  }));
  const id = maker.name();
  return sequence(literal('{'), pairsRule(pairs, id, maker), literal('}'));
}

function requireForm({ schema, path }: PlainSchema): void {
  const { properties = {}, required = [], patternProperties = {} } = schema;
  if (!isRecord(properties)) throw invalidSchema(`${path}/properties`, 'is no object');
  if (!isRecord(patternProperties)) {
    throw invalidSchema(`${path}/patternProperties`, 'is no object');
  }
  if (!isStrings(required)) throw invalidSchema(`${path}/required`, 'is no list of names');
}

function propertyRule(
  name: string,
  plain: readonly PlainSchema[],
  path: string,
  maker: RuleMaker,
): Rule {
  const { resources } = maker;
  const refusing = plain.find(
    ({ schema, ...rest }) =>
      schema.propertyNames !== undefined &&
      !isValidValue(
        name,
        resources.child({ schema, ...rest }, schema.propertyNames, 'propertyNames'),
        resources,
      ),
  );
  if (refusing !== undefined) {
    return maker.impossible(path, `requires ${name}, which its propertyNames do not allow`);
  }
  const schemas = plain.flatMap((each) =>
    propertySchemas(each.schema, name).map((schema) =>
      resources.child(each, schema, 'properties', name),
    ),
  );
  if (schemas.some(({ schema }) => schema === false)) {
    return maker.impossible(path, `requires ${name}, which it does not allow`);
  }
  return maker.value(schemas);
}

/** Pairs in their order, of which those that are not required may be left out. */
function pairsRule(
  pairs: readonly { isRequired: boolean; rule: Rule }[],
  id: string,
  maker: RuleMaker,
): Rule {
  const name = (index: number, isFirst: boolean) =>
    `${id} from ${index}${isFirst ? ' on' : ' after others'}`;
  const rest = (index: number, isFirst: boolean): Rule =>
    index === pairs.length ? nothing : call(name(index, isFirst));
  for (const [index, { isRequired, rule }] of pairs.entries()) {
    const pair = maker.define(`${id} pair ${index}`, rule);
    for (const isFirst of [true, false]) {
      const comma = isFirst ? nothing : sequence(literal(','), blank);
      const written = sequence(comma, pair, rest(index + 1, false));
      const skipped = rest(index + 1, isFirst);
      maker.define(name(index, isFirst), isRequired ? written : choice(written, skipped));
    }
  }
  return rest(0, true);
}

/** Objects whose names no schema lists. */
function entriesRule(plain: readonly PlainSchema[], maker: RuleMaker): Rule {
  const { resources } = maker;
  const names = plain.flatMap((each) => {
    const { propertyNames } = each.schema;
    return propertyNames === undefined
      ? []
      : [resources.child(each, propertyNames, 'propertyNames')];
  });
  const patterns = [
    ...new Set(plain.flatMap(({ schema }) => Object.keys(schema.patternProperties ?? {}))),
  ];
  // A name matches one of the patterns alone, or none of them.
  const kinds = [undefined, ...patterns].map((pattern) => {
    const values = plain.flatMap((each) => valuesOf(each, pattern, maker));
    if (values.some(({ schema }) => schema === false)) return undefined;
    const others = patterns.filter((each) => each !== pattern);
    const key = keySchema(pattern, others);
    return sequence(maker.value([...names, key]), literal(':'), blank, maker.value(values));
  });
  const pairs = kinds.filter((each) => each !== undefined);
  if (pairs.length === 0) return literal('{}');
  const pair = maker.define(`${maker.name()} pair`, choice(...pairs));
  return listRule('{', pair, '}', 0, Infinity);
}

function valuesOf(
  plain: PlainSchema,
  pattern: string | undefined,
  { resources }: RuleMaker,
): LocatedSchema[] {
  const { patternProperties, additionalProperties } = plain.schema;
  const own = isRecord(patternProperties) ? patternProperties : {};
  if (pattern !== undefined && Object.hasOwn(own, pattern)) {
    return [resources.child(plain, own[pattern], 'patternProperties', pattern)];
  }
  if (additionalProperties === undefined) return [];
  return [resources.child(plain, additionalProperties, 'additionalProperties')];
}

const anyKey: LocatedSchema = { schema: { type: 'string' }, base: '', path: '' };

function keySchema(pattern: string | undefined, others: readonly string[]): LocatedSchema {
  if (pattern === undefined && others.length === 0) return anyKey;
  const schema = {
    type: 'string',
    ...(pattern !== undefined && { pattern }),
    [outsidePatterns]: others,
  };
  return { schema, base: '', path: '/patternProperties' };
}
