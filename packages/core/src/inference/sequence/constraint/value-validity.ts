import { unsupportedSchema } from './schema-errors.js';
import { isRecord, isStrings, type Schema, unsupportedKeyword } from './schema-keywords.js';
import type { LocatedSchema, SchemaResources } from './schema-resources.js';

/** Whether a value that a schema lists (in `enum`, or as a name) is valid under a part of it. */
export function isValidValue(
  value: unknown,
  located: LocatedSchema,
  resources: SchemaResources,
): boolean {
  const { schema, path } = located;
  if (typeof schema === 'boolean') return schema;
  if (!isRecord(schema)) return true;
  const unsupported = unsupportedKeyword(schema);
  if (unsupported !== undefined) throw unsupportedSchema(path, `has ${unsupported}`);
  const holds = (part: unknown, ...names: (string | number)[]) =>
    isValidValue(value, resources.child(located, part, ...names), resources);
  const { $ref, allOf, anyOf, oneOf, not } = schema;
  const matches = (list: unknown[], keyword: string) =>
    list.filter((each, index) => holds(each, keyword, index)).length;
  return (
    ($ref === undefined || isValidValue(value, resources.resolve($ref, located), resources)) &&
    (!Array.isArray(allOf) || matches(allOf, 'allOf') === allOf.length) &&
    (!Array.isArray(anyOf) || matches(anyOf, 'anyOf') > 0) &&
    (!Array.isArray(oneOf) || matches(oneOf, 'oneOf') === 1) &&
    (not === undefined || !holds(not, 'not')) &&
    isListed(value, schema) &&
    isOfTypes(value, schema.type) &&
    hasValidForm(value, located, resources)
  );
}

function isListed(value: unknown, schema: Schema): boolean {
  const text = canonical(value);
  const { enum: values } = schema;
  return (
    (schema.const === undefined || canonical(schema.const) === text) &&
    (!Array.isArray(values) || values.some((each) => canonical(each) === text))
  );
}

/** A text that equal values of JSON share, whatever the order of their properties. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    isRecord(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  );
}

/** Whether a value has one of the types that `type` names, where it names some. */
function isOfTypes(value: unknown, type: unknown): boolean {
  return type === undefined || [type].flat().some((each) => isOfType(value, each));
}

function isOfType(value: unknown, type: unknown): boolean {
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

function hasValidForm(value: unknown, located: LocatedSchema, resources: SchemaResources): boolean {
  const schema = located.schema as Schema;
  if (typeof value === 'string') return isValidString(value, schema);
  if (typeof value === 'number') return isValidNumber(value, schema);
  const holds = (part: unknown, each: unknown) =>
    part === undefined || isValidValue(each, resources.child(located, part), resources);
  if (Array.isArray(value)) {
    const { prefixItems, items, minItems = 0, maxItems = Infinity } = schema;
    const prefix = Array.isArray(prefixItems) ? prefixItems : [];
    return (
      value.length >= Number(minItems) &&
      value.length <= Number(maxItems) &&
      value.every((each, index) => holds(index < prefix.length ? prefix[index] : items, each))
    );
  }
  if (!isRecord(value)) return true;
  const { required, propertyNames } = schema;
  return (
    (!isStrings(required) || required.every((name) => Object.hasOwn(value, name))) &&
    Object.entries(value).every(
      ([name, each]) =>
        holds(propertyNames, name) &&
        propertySchemas(schema, name).every((part) => holds(part, each)),
    )
  );
}

/** The schemas that one schema has for the property of this name. */
export function propertySchemas(schema: Schema, name: string): unknown[] {
  const { properties, patternProperties, additionalProperties } = schema;
  const own = isRecord(properties) && Object.hasOwn(properties, name) ? [properties[name]] : [];
  const matching = isRecord(patternProperties)
    ? Object.entries(patternProperties)
        .filter(([pattern]) => regularExpression(pattern).test(name))
        .map(([, each]) => each)
    : [];
  const found = [...own, ...matching];
  if (found.length > 0 || additionalProperties === undefined) return found;
  return [additionalProperties];
}

function isValidString(value: string, schema: Schema): boolean {
  const { minLength = 0, maxLength = Infinity, pattern } = schema;
  const { length } = [...value];
  return (
    length >= Number(minLength) &&
    length <= Number(maxLength) &&
    (typeof pattern !== 'string' || regularExpression(pattern).test(value))
  );
}

function regularExpression(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}

function isValidNumber(value: number, schema: Schema): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  return (
    (minimum === undefined || value >= Number(minimum)) &&
    (maximum === undefined || value <= Number(maximum)) &&
    (exclusiveMinimum === undefined || value > Number(exclusiveMinimum)) &&
    (exclusiveMaximum === undefined || value < Number(exclusiveMaximum)) &&
    (multipleOf === undefined || Number.isInteger(value / Number(multipleOf)))
  );
}
