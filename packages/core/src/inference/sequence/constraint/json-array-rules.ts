import { choice, literal, nothing, type Rule, repeat, sequence } from './grammar.js';
import { blank, listRule } from './json-rules.js';
import type { RuleMaker } from './json-schema-grammar.js';
import type { PlainSchema } from './schema-conjunction.js';
import { countsOf } from './schema-counts.js';
import { invalidSchema } from './schema-errors.js';
import { isRecord } from './schema-keywords.js';
import type { LocatedSchema } from './schema-resources.js';

/** Arrays that are valid under all of `plain`. */
export function arrayRule(plain: readonly PlainSchema[], path: string, maker: RuleMaker): Rule {
  const { min, max } = countsOf(plain, 'minItems', 'maxItems');
  if (min > max) return maker.impossible(path, 'has a minItems above its maxItems');
  const prefixes = plain.map(prefixOf);
  const prefixLength = Math.max(...prefixes.map(({ length }) => length));
  const itemAt = (index: number) =>
    maker.value(
      plain.flatMap((each, at) => itemSchema(each, prefixes[at] ?? [], index, maker) ?? []),
    );
  // Items past the prefix are all alike.
  const further = isNever(plain, prefixLength) ? 0 : Infinity;
  if (prefixLength === 0) {
    return max === 0 || (further === 0 && min === 0)
      ? literal('[]')
      : listRule('[', itemAt(0), ']', min, max);
  }
  // Without minItems JSON Schema allows parts of a tuple; they are of no use to who asked for all.
  const isOpen = plain.every(({ schema }) => schema.minItems === undefined);
  const written = Math.min(prefixLength, max);
  const least = isOpen ? written : min;
  return sequence(
    literal('['),
    tupleRule(
      Array.from({ length: written }, (_, index) => itemAt(index)),
      least,
      {
        item: itemAt(prefixLength),
        min: Math.max(0, least - prefixLength),
        max: further === 0 ? 0 : Math.max(0, max - prefixLength),
      },
    ),
    literal(']'),
  );
}

/** Items in their order, of which those past `least` may be left out, and more of one kind after all. */
function tupleRule(
  items: readonly Rule[],
  least: number,
  rest: { item: Rule; min: number; max: number },
): Rule {
  const comma = sequence(literal(','), blank);
  const more =
    rest.max === 0 && rest.min === 0
      ? nothing
      : repeat(sequence(comma, rest.item), rest.min, rest.max);
  return items.reduceRight<Rule>((after, item, index) => {
    const written = sequence(index === 0 ? nothing : comma, item, after);
    return index < least ? written : choice(nothing, written);
  }, more);
}

function prefixOf({ schema, path }: PlainSchema): unknown[] {
  const { prefixItems = [] } = schema;
  if (!Array.isArray(prefixItems))
    throw invalidSchema(`${path}/prefixItems`, 'is no list of schemas');
  return prefixItems;
}

function itemSchema(
  plain: PlainSchema,
  prefix: readonly unknown[],
  index: number,
  { resources }: RuleMaker,
): LocatedSchema[] | undefined {
  if (index < prefix.length) return [resources.child(plain, prefix[index], 'prefixItems', index)];
  const { items } = plain.schema;
  return items === undefined ? undefined : [resources.child(plain, items, 'items')];
}

function isNever(plain: readonly PlainSchema[], prefixLength: number): boolean {
  return plain.some(({ schema: { items, prefixItems } }) => {
    const own = Array.isArray(prefixItems) ? prefixItems.length : 0;
    const isNothing =
      items === false ||
      (isRecord(items) && isRecord(items.not) && Object.keys(items.not).length === 0);
    return own <= prefixLength && isNothing;
  });
}
