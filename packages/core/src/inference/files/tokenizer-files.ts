import type { FamilyModel } from '../family/model-family.js';
import type { TokenizerFiles } from '../tokenize/tokenizer.js';
import { readModelText, readOptionalModelJson, requireModelText } from './model-files.js';

/**
 * The tokenizer of a model: `tokenizer.json`, or, where there is none, what the family makes of
 * `vocab.json` and `merges.txt`. Throws `model.fileMissing` or `model.invalidConfig`.
 */
export async function readTokenizerFiles(
  folder: string,
  tokenizerConfig: object,
  { assembleTokenizer }: Pick<FamilyModel, 'assembleTokenizer'>,
): Promise<TokenizerFiles> {
  const file = 'tokenizer.json';
  const whole = await readModelText(folder, file);
  if (whole !== undefined) return { tokenizerJson: whole, tokenizerConfig };
  const vocabulary = await readOptionalModelJson(folder, 'vocab.json');
  const merges = await readModelText(folder, 'merges.txt');
  if (vocabulary === undefined || merges === undefined || assembleTokenizer === undefined) {
    return { tokenizerJson: await requireModelText(folder, file), tokenizerConfig };
  }
  const assembled = assembleTokenizer({ vocabulary, merges, config: tokenizerConfig });
  return { tokenizerJson: JSON.stringify(assembled), tokenizerConfig };
}
