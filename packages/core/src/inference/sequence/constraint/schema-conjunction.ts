import { excludeEachOther } from './one-of.js';
import { contradiction, invalidSchema, unsupportedSchema } from './schema-errors.js';
import { isRecord, type Schema, unsupportedKeyword } from './schema-keywords.js';
import type { LocatedSchema, SchemaResources } from './schema-resources.js';

/** A schema without its references and branches, which stand beside it in the conjunction. */
export interface PlainSchema extends LocatedSchema {
  schema: Schema;
}

/** What a value must be valid under: all of `plain`, and one of each list of `branches`. */
export interface Conjunction {
  plain: PlainSchema[];
  branches: LocatedSchema[][];
}

/** Schemas inside each other that say nothing of a value's parts. */
const maxDepth = 500;

/**
 * Puts side by side what `$ref` and `allOf` join. Undefined when no value is valid under all of it.
 * Throws `option.invalid` and `option.unsupported`.
 */
export function conjunctionOf(
  schemas: readonly LocatedSchema[],
  resources: SchemaResources,
): Conjunction | undefined {
  const collector = new Collector(resources);
  const isPossible = schemas.every((each) => collector.add(each, 0));
  return isPossible ? collector.conjunction : undefined;
}

class Collector {
  readonly conjunction: Conjunction = { plain: [], branches: [] };
  readonly #resources: SchemaResources;
  readonly #seen = new Set<unknown>();
  readonly #under = new Set<unknown>();

  constructor(resources: SchemaResources) {
    this.#resources = resources;
  }

  /** Whether a value can be valid under it. */
  add(located: LocatedSchema, depth: number): boolean {
    const { schema, path } = located;
    if (typeof schema === 'boolean') return schema;
    if (!isRecord(schema)) throw invalidSchema(path, 'is no schema');
    if (this.#under.has(schema)) throw contradiction(path, 'refers to nothing but itself');
    if (depth > maxDepth) throw unsupportedSchema(path, 'is nested too deeply');
    if (this.#seen.has(schema)) return true;
    this.#seen.add(schema);
    const unsupported = unsupportedKeyword(schema);
    if (unsupported !== undefined) throw unsupportedSchema(path, `has ${unsupported}`);
    if (!this.#addNot(schema.not, path)) return false;
    this.#under.add(schema);
    const parts = [
      ...(schema.$ref === undefined ? [] : [this.#resources.resolve(schema.$ref, located)]),
      ...this.#listed(located, schema, 'allOf'),
    ];
    const isPossible = parts.every((each) => this.add(each, depth + 1));
    this.#under.delete(schema);
    this.conjunction.plain.push({ ...located, schema });
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      const branches = this.#listed(located, schema, keyword);
      if (branches.length > 0) this.conjunction.branches.push(branches);
      if (keyword === 'oneOf') this.#requireExclusion(branches, path);
    }
    return isPossible;
  }

  #addNot(not: unknown, path: string): boolean {
    if (not === undefined || not === false) return true;
    const isAny = not === true || (isRecord(not) && Object.keys(not).length === 0);
    if (!isAny) throw unsupportedSchema(path, 'has not');
    return false;
  }

  #listed(
    located: LocatedSchema,
    schema: Schema,
    keyword: 'allOf' | 'anyOf' | 'oneOf',
  ): LocatedSchema[] {
    const list = schema[keyword];
    if (list === undefined) return [];
    if (!Array.isArray(list) || list.length === 0) {
      throw invalidSchema(`${located.path}/${keyword}`, 'is no list of schemas');
    }
    return list.map((each, index) => this.#resources.child(located, each, keyword, index));
  }

  #requireExclusion(branches: readonly LocatedSchema[], path: string): void {
    const schemas = branches.map((branch) => this.#target(branch).schema);
    if (excludeEachOther(schemas)) return;
    throw unsupportedSchema(
      `${path}/oneOf`,
      'has branches of the same type that no constant property tells apart; use anyOf',
    );
  }

  /** What a branch that is nothing but a reference refers to. */
  #target(branch: LocatedSchema): LocatedSchema {
    const seen = new Set<unknown>();
    let target = branch;
    while (
      isRecord(target.schema) &&
      target.schema.$ref !== undefined &&
      !seen.has(target.schema)
    ) {
      seen.add(target.schema);
      target = this.#resources.resolve(target.schema.$ref, target);
    }
    return target;
  }
}
