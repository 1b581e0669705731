import { invalidSchema, unsupportedSchema } from './schema-errors.js';
import { isRecord, type Schema } from './schema-keywords.js';

/** A part of a schema, where it stands and what its references are relative to. */
export interface LocatedSchema {
  schema: unknown;
  /** URI of the resource that it is part of. */
  base: string;
  /** JSON pointer, for messages. */
  path: string;
}

/** The URI of a schema that has none. */
const rootUri = 'https://schema.invalid/';

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const schemaKeywords = [
  ...['additionalProperties', 'propertyNames', 'items', 'contains', 'not', 'if', 'then', 'else'],
  ...['unevaluatedItems', 'unevaluatedProperties', 'contentSchema'],
];
const listKeywords = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items'];
const mapKeywords = [
  ...['$defs', 'definitions', 'properties', 'patternProperties', 'dependentSchemas'],
];

/** Finds what references in a schema refer to: JSON pointers, `$anchor` and `$id`. */
export class SchemaResources {
  readonly root: LocatedSchema;
  /** By URI, with the name of an anchor as its fragment where it is one. */
  readonly #byUri = new Map<string, LocatedSchema>();

  constructor(schema: Schema) {
    const base = uriOf(schema.$id, rootUri) ?? rootUri;
    this.root = { schema, base, path: '' };
    this.#byUri.set(base, this.root);
    this.#index(this.root);
  }

  /** A part of a schema, which may have an `$id` of its own. */
  child(parent: LocatedSchema, schema: unknown, ...names: (string | number)[]): LocatedSchema {
    return childOf(parent, schema, ...names);
  }

  /** What `reference` refers to. Throws `option.invalid`, or `option.unsupported` for another file. */
  resolve(reference: unknown, from: LocatedSchema): LocatedSchema {
    const uri = uriOf(reference, from.base);
    if (uri === undefined) {
      throw invalidSchema(from.path, `refers to ${JSON.stringify(reference)}, which is no URI`);
    }
    const [resource = '', fragment = ''] = splitOnce(uri, '#');
    const root = this.#byUri.get(resource);
    if (root === undefined) {
      throw unsupportedSchema(from.path, `refers to ${reference}, outside the schema`);
    }
    const name = decoded(fragment);
    const found =
      name === '' || name.startsWith('/')
        ? this.#follow(root, name)
        : this.#byUri.get(`${resource}#${name}`);
    if (found !== undefined) return found;
    throw invalidSchema(from.path, `refers to ${reference}, which is not there`);
  }

  #follow(root: LocatedSchema, pointer: string): LocatedSchema | undefined {
    let found: LocatedSchema | undefined = root;
    for (const name of pointer.split('/').slice(1)) {
      const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
      const within: unknown = found?.schema;
      const isThere = (isRecord(within) || Array.isArray(within)) && Object.hasOwn(within, key);
      if (found === undefined || !isThere) return undefined;
      found = childOf(found, Reflect.get(within, key), key);
    }
    return found;
  }

  #index(root: LocatedSchema): void {
    const open = [root];
    for (let located = open.pop(); located !== undefined; located = open.pop()) {
      const { schema, base } = located;
      if (!isRecord(schema)) continue;
      if (typeof schema.$id === 'string' && !this.#byUri.has(base)) this.#byUri.set(base, located);
      for (const anchor of [schema.$anchor, schema.$dynamicAnchor]) {
        if (typeof anchor === 'string') this.#byUri.set(`${base}#${anchor}`, located);
      }
      open.push(...partsOf(located, schema));
    }
  }
}

function partsOf(located: LocatedSchema, schema: Schema): LocatedSchema[] {
  const single = schemaKeywords.flatMap((keyword) =>
    isRecord(schema[keyword]) ? [childOf(located, schema[keyword], keyword)] : [],
  );
  const listed = listKeywords.flatMap((keyword) => {
    const list = schema[keyword];
    return Array.isArray(list)
      ? list.map((each, index) => childOf(located, each, keyword, index))
      : [];
  });
  const named = mapKeywords.flatMap((keyword) => {
    const map = schema[keyword];
    return isRecord(map)
      ? Object.entries(map).map(([name, each]) => childOf(located, each, keyword, name))
      : [];
  });
  return [...single, ...listed, ...named];
}

function childOf(
  { base, path }: LocatedSchema,
  schema: unknown,
  ...names: (string | number)[]
): LocatedSchema {
  const own = isRecord(schema) ? uriOf(schema.$id, base) : undefined;
  const steps = names.map((name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1'));
  return { schema, base: own ?? base, path: [path, ...steps].join('/') };
}

function uriOf(reference: unknown, base: string): string | undefined {
  if (typeof reference !== 'string' || !URL.canParse(reference, base)) return undefined;
  const { href } = new URL(reference, base);
  return href.endsWith('#') ? href.slice(0, -1) : href;
}

function splitOnce(text: string, sign: string): string[] {
  const at = text.indexOf(sign);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
