import { errorCodeIn } from './error-code.js';
import { likestOf } from './likeness.js';
import { otherProduct, type ReadableMessage, type Reading, type ReadingConfig } from './reading.js';
import { byItsWords, languageOf } from './rules-of-thumb.js';

/** What each field is asked with, in words that small models of screenshots are trained on. */
export const questions = {
  errorMessage: 'What does the message say?',
  product: "What is the app's name?",
  errorCode: 'What is the error code?',
} as const;

/** Most tokens of an answer; a model that spells takes one for each character. */
const maxNewTokens = { errorMessage: 200, product: 60, errorCode: 40 } as const;

/** What models say that see no such thing. */
const unknown =
  /^(?:i (?:can't|cannot|can not) tell|i don't know|no lo sé|none|unknown|n\/a)\.?$/iu;

/**
 * Asks the model for each field that stands in the picture, and takes the others by rule: for models
 * that answer short questions and follow no instructions. Throws what `generate` throws.
 */
export async function readByQuestions<Config extends ReadingConfig>(
  message: ReadableMessage<Config>,
): Promise<Reading> {
  const { text: errorMessage, confidence } = await ask(message, 'errorMessage');
  const { text: title } = await ask(message, 'product');
  const { text: code } = await ask(message, 'errorCode');
  const { severity, nextStep } = byItsWords(errorMessage);
  const product = productOf(title, errorMessage, message.config.products);
  const said = errorMessage === '' ? 'A screenshot without an error message.' : errorMessage;
  return {
    product,
    screen: product === title ? '' : title,
    errorMessage,
    errorCode: code === '' ? errorCodeIn(errorMessage) : code,
    severity,
    language: languageOf(errorMessage),
    summary: `${title === '' ? product : title}: ${said}`.slice(0, 200),
    nextStep,
    confidence,
  };
}

async function ask<Config extends ReadingConfig>(
  { generate }: ReadableMessage<Config>,
  field: keyof typeof questions,
): Promise<{ text: string; confidence: number | undefined }> {
  let confidence: number | undefined;
  const answer = await generate({
    prompt: questions[field],
    maxNewTokens: maxNewTokens[field],
    onConfidence: (measured) => {
      confidence = measured;
    },
  });
  const text = answer.replace(/\s+/gu, ' ').trim().slice(0, 300);
  return { text: unknown.test(text) ? '' : text, confidence };
}

/** The product of the house that title or message name, or that the title is likest to; as it is titled where the house names none. */
function productOf(title: string, errorMessage: string, products: readonly string[]): string {
  if (products.length === 0) return title.slice(0, 60);
  const isNamed = (text: string) => (product: string) =>
    text.toLowerCase().includes(product.toLowerCase());
  return (
    products.find(isNamed(title)) ??
    products.find(isNamed(errorMessage)) ??
    likestOf(title, products) ??
    otherProduct
  );
}
