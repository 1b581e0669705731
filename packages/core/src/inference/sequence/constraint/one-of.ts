import { isRecord, isStrings, type Schema } from './schema-keywords.js';

/** Whether no value can be valid under two of the branches: other types, or another constant. */
export function excludeEachOther(branches: readonly unknown[]): boolean {
  return branches.every((one, index) =>
    branches.slice(index + 1).every((other) => haveNothingInCommon(one, other)),
  );
}

function haveNothingInCommon(one: unknown, other: unknown): boolean {
  if (!isRecord(one) || !isRecord(other)) return false;
  const [values, others] = [valuesOf(one), valuesOf(other)];
  if (values !== undefined && others !== undefined) return areDisjoint(values, others);
  const [types, otherTypes] = [typesOf(one), typesOf(other)];
  if (types !== undefined && otherTypes !== undefined && areDisjoint(types, otherTypes))
    return true;
  const [properties, otherProperties] = [one.properties, other.properties];
  if (!isRecord(properties) || !isRecord(otherProperties)) return false;
  const required = (schema: Schema, name: string) =>
    isStrings(schema.required) && schema.required.includes(name);
  return Object.keys(properties)
    .filter((name) => Object.hasOwn(otherProperties, name))
    .filter((name) => required(one, name) && required(other, name))
    .some((name) => {
      const mine = valuesOf(properties[name]);
      const theirs = valuesOf(otherProperties[name]);
      return mine !== undefined && theirs !== undefined && areDisjoint(mine, theirs);
    });
}

/** The texts of the only values, where a schema lists them. */
function valuesOf(schema: unknown): string[] | undefined {
  if (!isRecord(schema)) return undefined;
  const values = schema.const === undefined ? schema.enum : [schema.const];
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : undefined;
}

function typesOf(schema: Schema): unknown[] | undefined {
  const types = schema.type === undefined ? undefined : [schema.type].flat();
  // Every integer is a number.
  return types?.map((type) => (type === 'integer' ? 'number' : type));
}

function areDisjoint(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.every((value) => !other.includes(value));
}
