import { fenceText, type PluginMessage } from '@vistazo/core';
import { z } from 'zod';
import { errorCodeIn } from './error-code.js';
import { languageOf } from './rules-of-thumb.js';
import { type Severity, severitySchema } from './ticket.js';

/** What is read from a screenshot, whoever reads it. */
export interface Reading {
  product: string;
  /** Which window or page of the product it shows; empty when that is not known. */
  screen: string;
  /** Word for word as it stands in the picture; empty when there is none. */
  errorMessage: string;
  errorCode: string;
  severity: Severity;
  /** Of the error message, as a language tag such as `es`; empty when that is not known. */
  language: string;
  summary: string;
  nextStep: string;
  /**
   * How sure the model was: the geometric mean of the probabilities of the tokens that it wrote, of the
   * error message where that was asked for by itself. Absent where the model does not tell.
   */
  confidence?: number | undefined;
}

/** What the operator says that readings need. */
export interface ReadingConfig {
  products: readonly string[];
  guidance: string;
}

/** Of a message, what a reading is made from. */
export type ReadableMessage<Config extends ReadingConfig> = Pick<
  PluginMessage<Config>,
  'generate' | 'config' | 'text'
>;

/** Of a screenshot that is about no product of the house. */
export const otherProduct = 'other';

/** Enough for every field at its longest. */
const maxNewTokens = 700;

/** What the model writes. Lengths are bounded, since a small model may not come to an end. */
export function objectSchema(products: readonly string[]) {
  return z.object({
    product: products.length === 0 ? z.string().max(60) : z.enum([...products, otherProduct]),
    screen: z.string().max(60),
    errorMessage: z.string().max(300),
    errorCode: z.string().max(40),
    severity: severitySchema,
    language: z.string().max(12),
    summary: z.string().max(200),
    nextStep: z.string().max(200),
  });
}

/** What the model is told before it writes a ticket. */
export function objectInstructions({ products, guidance }: ReadingConfig): string {
  return [
    'You turn screenshots that people send to support into tickets, as JSON with these fields.',
    products.length === 0
      ? 'product: the program or service that the screenshot is of.'
      : `product: one of ${products.join(', ')}; other when it is none of them.`,
    'screen: which window or page of it is shown, in a few words; empty when that cannot be seen.',
    'errorMessage: the error message, word for word as it stands in the picture; empty when there is none.',
    'errorCode: the code of the error as it stands in the picture; empty when there is none.',
    'severity: low for a question or a blemish, medium when something does not work, high when somebody cannot work, critical when data, money or many people are at risk.',
    'language: the language of the error message as a tag of two letters, such as en.',
    'summary: in one sentence, what happened.',
    'nextStep: in one sentence, what support should do first.',
    guidance,
  ]
    .filter(Boolean)
    .join('\n');
}

/** The question that the ticket answers. */
export function objectQuestion(text: string): string {
  const said = text.trim() === '' ? '' : fenceText('what the person wrote', text);
  return `Fill in the ticket. ${said}`.trim();
}

/** Lets the model write all fields at once: for models that follow instructions. Throws what `generate` throws. */
export async function readObject<Config extends ReadingConfig>({
  generate,
  config,
  text,
}: ReadableMessage<Config>): Promise<Reading> {
  let confidence: number | undefined;
  const written = await generate({
    schema: objectSchema(config.products),
    instructions: objectInstructions(config),
    prompt: objectQuestion(text),
    maxNewTokens,
    onConfidence: (measured) => {
      confidence = measured;
    },
  });
  const { errorMessage, errorCode, language } = written;
  return {
    ...written,
    errorCode: errorCode.trim() === '' ? errorCodeIn(errorMessage) : errorCode.trim(),
    language: languageTag.test(language) ? language.toLowerCase() : languageOf(errorMessage),
    confidence,
  };
}

/** https://www.rfc-editor.org/rfc/rfc5646, as far as it is needed. */
const languageTag = /^[a-z]{2,3}(?:-[a-z0-9]{2,8})?$/iu;
