import type { GenerationEvent, Part, VisionLanguageModel } from '@vistazo/core';
import { fileParts, MediaProcess, VistazoError } from '@vistazo/core';
import type { Command } from 'commander';
import { generationOptionsOf, withGenerationFlags } from '../generation-flags.js';
import { type ModelFlags, openModel, withModelFlags } from '../model-flags.js';
import { isPictureArgument, pictureArgument } from '../picture-argument.js';
import { interrupted, interruptSignal } from '../terminal/interrupt.js';

type EndEvent = Extract<GenerationEvent, { type: 'end' }>;

/** `vistazo ask PICTURE… "question"`: one answer about some pictures. */
export function addAskCommand(program: Command): void {
  const command = program
    .command('ask')
    .description('ask one question about pictures')
    .argument(
      '<words...>',
      'pictures, PDFs or videos (paths, - for standard input; of pictures also addresses), then the question',
    )
    .option('--system <text>', 'a system message')
    .option('--json', 'print answer, model, token counts and timings as JSON');
  withGenerationFlags(withModelFlags(command)).action(ask);
}

interface AskFlags extends ModelFlags {
  system?: string;
  json?: boolean;
  [generationFlag: string]: unknown;
}

async function ask(words: string[], flags: AskFlags): Promise<void> {
  const signal = interruptSignal();
  const options = generationOptionsOf(flags);
  const question = words.at(-1) ?? '';
  await checkWords(words, question);
  const pictures = await shownParts(words.slice(0, -1), signal);
  const model = await openModel(flags, { signal });
  try {
    const end = await answer(
      model,
      messagesOf(pictures, question, flags.system),
      { ...options, signal },
      !flags.json,
    );
    if (flags.json) process.stdout.write(`${JSON.stringify(report(model, end))}\n`);
    if (end.finishReason === 'aborted') throw interrupted();
  } finally {
    await model.close();
  }
}

/** The pictures, and the pages or frames of the other files. */
async function shownParts(words: readonly string[], signal: AbortSignal): Promise<Part[]> {
  const media = new MediaProcess();
  try {
    const parts: Part[] = [];
    for (const part of await Promise.all(words.map(pictureArgument))) {
      const { image } = part;
      if (image instanceof Uint8Array) parts.push(...(await fileParts(image, media, { signal })));
      else parts.push(part);
    }
    return parts;
  } finally {
    await media.close();
  }
}

async function checkWords(words: readonly string[], question: string): Promise<void> {
  if (question.trim() === '' && words.length === 1) {
    throw new VistazoError(
      'chat.empty',
      'The question is empty; write it after the pictures, in quotes.',
    );
  }
  if (await isPictureArgument(question)) {
    throw new VistazoError(
      'chat.empty',
      `${question} is a picture, and no question follows it; write one after the pictures, in quotes.`,
    );
  }
  if (words.filter((word) => word === '-').length > 1) {
    throw new VistazoError(
      'option.invalid',
      'Standard input (-) holds one picture only; name the others by their paths.',
    );
  }
}

type Messages = Parameters<VisionLanguageModel['generate']>[0];

function messagesOf(pictures: Part[], question: string, system: string | undefined): Messages {
  return [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user', content: [...pictures, { type: 'text', text: question }] },
  ];
}

async function answer(
  model: VisionLanguageModel,
  messages: Messages,
  options: Parameters<VisionLanguageModel['generate']>[1],
  print: boolean,
): Promise<EndEvent> {
  for await (const event of model.generate(messages, options)) {
    if (print && event.type === 'text') process.stdout.write(event.text);
    if (print && event.type === 'restart') process.stdout.write('\n');
    if (event.type !== 'end') continue;
    if (print) process.stdout.write('\n');
    return event;
  }
  throw new VistazoError('internal', 'The model ended without an answer; please ask again.');
}

function report(model: VisionLanguageModel, end: EndEvent): object {
  const { promptTokens, imageTokens, reusedTokens, answerTokens } = end.usage;
  return {
    answer: end.text,
    model: model.info.id,
    variant: model.info.variant,
    finishReason: end.finishReason,
    tokens: {
      prompt: promptTokens,
      image: imageTokens,
      reused: reusedTokens,
      answer: answerTokens,
    },
    timings: end.timings,
  };
}
