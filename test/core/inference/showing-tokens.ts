import type { ModelDescription } from '@vistazo/core';

/**
 * The description without what makes text of tokens: such a tokenizer writes the tokens of an
 * answer as they stand in the vocabulary, with blanks between, so that tests can tell them.
 */
export function showingTokens(description: ModelDescription): ModelDescription {
  const { tokenizerJson, tokenizerConfig } = description.tokenizer;
  return {
    ...description,
    tokenizer: {
      tokenizerJson: JSON.stringify({ ...JSON.parse(tokenizerJson), decoder: null }),
      tokenizerConfig,
    },
  };
}
