/** What a contender is asked to measure. */
export interface ManyTask {
  modelFolder: string;
  /** The file from which the ONNX files were made; empty where llama.cpp does not take part. */
  gguf: string;
  threads: number;
  /** Tokens of each answer. */
  answerTokens: number;
  cases: readonly { conversations: number; words: number }[];
}

/** What it found. */
export interface ManyFindings {
  /** By case: tokens of all answers over the time from the first token of the last prompt to the end. */
  tokensPerSecond: number[];
  /** Of one prompt of the longest case. */
  promptTokensPerSecond: number;
}

const words = 'one two three four five six seven eight nine ten'.split(' ');

/** A text of so many words, each a token, that differs from those of other numbers from its first word on. */
export function textOf(number: number, length: number): string {
  return Array.from({ length }, (_, i) => words[(i * 7 + number * (i % 3) + number) % 10]).join(
    ' ',
  );
}
