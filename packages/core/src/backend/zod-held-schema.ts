import { z } from 'zod';
import { zodToJsonSchema } from '../generation/zod-to-json-schema.js';
import { formatPatterns } from '../inference/sequence/constraint/string-formats.js';

/** A JSON Schema whose values a zod schema accepts, as far as it can be said. */
export interface HeldSchema {
  jsonSchema: Record<string, unknown>;
  /** What the zod schema asks for that the JSON Schema does not say. */
  unsaid: string[];
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Flags that change which texts match, and that a pattern of JSON Schema cannot have. */
const meaningfulFlags = /[imsvy]/;

/** Texts that the checks of zod accept and its JSON Schema does not describe, by the name of the format. */
const patternsOfZod: ReadonlyMap<string, string> = new Map([
  ['base64url', '^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$'],
]);

/** Formats that zod checks without a pattern, by the name that JSON Schema has for them. */
const checkedFormats: ReadonlyMap<string, string> = new Map([['url', 'uri']]);

/** What changes a text: how, and the texts that it leaves as they are. */
const textChanges: readonly (readonly [change: (text: string) => string, unchanged: string])[] = [
  [(text) => text.trim(), '^(?:\\S(?:[\\s\\S]*\\S)?)?$'],
  [(text) => text.toLowerCase(), '^\\P{Changes_When_Lowercased}*$'],
  [(text) => text.toUpperCase(), '^\\P{Changes_When_Uppercased}*$'],
];
const sampleTexts = [' Ab ', '\tß é', 'İx', '', 'a  B'];

/**
 * The JSON Schema of what a zod schema reads, with what zod does not write itself: texts that are
 * checked after `trim` or `toLowerCase`. What `refine` and
 * `transform` ask for is known to nobody. Throws as `zodToJsonSchema`.
 */
export function zodToHeldSchema(schema: unknown): HeldSchema {
  const unsaid: string[] = [];
  const jsonSchema = zodToJsonSchema(schema, ({ zodSchema, jsonSchema: written }) => {
    const { def } = zodSchema._zod;
    const own = isCheck(def) ? [def] : [];
    const checks = [...own, ...(def.checks ?? []).map((check) => check._zod.def)];
    for (const [index, check] of checks.entries()) {
      if (check.check === 'overwrite' && index < checks.length - 1) {
        holdChange(check, written, unsaid);
      }
      if (check.check === 'string_format') holdFormat(check, written, unsaid);
    }
  });
  return { jsonSchema, unsaid };
}

function isCheck(def: z.core.$ZodTypeDef): def is z.core.$ZodTypeDef & z.core.$ZodCheckDef {
  return 'check' in def;
}

function holdFormat(check: z.core.$ZodCheckDef, written: JsonSchema, unsaid: string[]): void {
  const { format, pattern } = check as z.core.$ZodCheckStringFormatDef;
  if (pattern !== undefined) {
    const flags = meaningfulFlags.exec(pattern.flags);
    if (flags !== null) unsaid.push(`the flag ${flags[0]} of ${pattern}`);
    const further = patternsOfZod.get(format);
    if (further !== undefined) addPattern(written, further);
    return;
  }
  const name = checkedFormats.get(format) ?? format;
  if (!formatPatterns.has(name)) unsaid.push(`the format ${format}`);
  else if (format === 'url') holdUrl(check as z.core.$ZodURLDef, unsaid);
}

function holdUrl({ protocol, hostname }: z.core.$ZodURLDef, unsaid: string[]): void {
  // The texts of the format have these protocols and hosts.
  const { httpProtocol, domain } = z.regexes;
  if (protocol !== undefined && protocol.source !== httpProtocol.source) {
    unsaid.push(`the protocol ${protocol} of an URL`);
  }
  if (hostname !== undefined && hostname.source !== domain.source) {
    unsaid.push(`the host name ${hostname} of an URL`);
  }
}

/** Checks after a change see the changed text; a text that does not change passes them as it is. */
function holdChange(check: z.core.$ZodCheckDef, written: JsonSchema, unsaid: string[]): void {
  const { tx } = check as z.core.$ZodCheckOverwriteDef;
  const known = textChanges.find(([change]) =>
    sampleTexts.every((text) => isSame(tx, change, text)),
  );
  if (known === undefined || written.type !== 'string') {
    unsaid.push('checks after a change of the value');
  } else addPattern(written, known[1]);
}

function isSame(tx: (value: unknown) => unknown, change: (text: string) => string, text: string) {
  try {
    return tx(text) === change(text);
  } catch {
    return false;
  }
}

function addPattern(written: JsonSchema, pattern: string): void {
  written.allOf = [...(written.allOf ?? []), { pattern }];
}
