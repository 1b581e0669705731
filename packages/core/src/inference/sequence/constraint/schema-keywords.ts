/** A JSON Schema that is an object, as most are. */
export type Schema = Readonly<Record<string, unknown>>;

/** Hold values to something that no grammar here does. Each is refused, unless it asks for nothing. */
const unsupportedKeywords = new Map<string, (value: unknown, schema: Schema) => boolean>([
  ['uniqueItems', (value, { maxItems }) => value !== true || Number(maxItems ?? 2) < 2],
  ['contains', (_, { minContains }) => minContains === 0],
  ['minProperties', (value) => value === 0],
  ['maxProperties', () => false],
  ['dependentRequired', isEmpty],
  ['dependentSchemas', isEmpty],
  ['dependencies', isEmpty],
  ['if', (_, { then, else: otherwise }) => then === undefined && otherwise === undefined],
  ['unevaluatedItems', (value) => value === true],
  ['unevaluatedProperties', (value) => value === true],
  ['additionalItems', (value, { items }) => value === true || !Array.isArray(items)],
  ['$dynamicRef', () => false],
  ['$recursiveRef', () => false],
]);

/** Say something of values of one type alone. */
const keywordsByType: readonly (readonly [type: string, keyword: string])[] = [
  ...['properties', 'required', 'additionalProperties', 'propertyNames', 'patternProperties'].map(
    (keyword) => ['object', keyword] as const,
  ),
  ...['items', 'prefixItems', 'minItems', 'maxItems'].map((each) => ['array', each] as const),
  ...['minLength', 'maxLength', 'pattern', 'format'].map((each) => ['string', each] as const),
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].map(
    (keyword) => ['number', keyword] as const,
  ),
];

/** Keywords of a type, which mean nothing for other types. */
export const keywordsOf = (type: string): string[] =>
  keywordsByType.flatMap(([each, keyword]) => (each === type ? [keyword] : []));

/**
 * The first keyword that an answer cannot be held to here. What is unknown is an annotation, as JSON
 * Schema says.
 */
export function unsupportedKeyword(schema: Schema): string | undefined {
  return Object.keys(schema).find((keyword) => {
    const asksNothing = unsupportedKeywords.get(keyword);
    return asksNothing !== undefined && !asksNothing(schema[keyword], schema);
  });
}

function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
