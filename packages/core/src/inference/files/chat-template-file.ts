import { z } from 'zod';
import { VistazoError } from '../../errors.js';
import { checkModelJson } from './check-model-json.js';
import { readModelText, readOptionalModelJson } from './model-files.js';

/** One template, or several by name: as a list or, before transformers wrote lists, as an object. */
const templatesSchema = z.object({
  chat_template: z
    .union([
      z.string(),
      z.array(z.object({ name: z.string(), template: z.string() })),
      z.record(z.string(), z.string()),
    ])
    .nullish(),
});

type Templates = z.infer<typeof templatesSchema>['chat_template'];

/**
 * The chat template of a model; of several named ones `default`, as transformers takes it.
 * Throws `model.fileMissing` or `model.invalidConfig`.
 */
export async function readChatTemplate(folder: string, tokenizerConfig: object): Promise<string> {
  const jinja = await readModelText(folder, 'chat_template.jinja');
  if (jinja !== undefined) return jinja;
  const file = 'chat_template.json';
  const { chat_template: own } = checkModelJson(
    templatesSchema,
    (await readOptionalModelJson(folder, file)) ?? {},
    file,
  );
  const tokenizerFile = 'tokenizer_config.json';
  const { chat_template: general } = checkModelJson(
    templatesSchema,
    tokenizerConfig,
    tokenizerFile,
  );
  const named = byName(own ?? general);
  const template = named.get('default');
  if (template !== undefined) return template;
  if (named.size > 0) {
    throw new VistazoError(
      'model.invalidConfig',
      `${own == null ? tokenizerFile : file} has the chat templates ${[...named.keys()].join(', ')}, and none is named default; name the one to use so.`,
    );
  }
  throw new VistazoError(
    'model.fileMissing',
    `The model lacks a chat template: ${folder} has neither chat_template.jinja nor chat_template.json.`,
  );
}

function byName(templates: Templates): Map<string, string> {
  if (templates == null) return new Map();
  if (typeof templates === 'string') return new Map([['default', templates]]);
  if (Array.isArray(templates))
    return new Map(templates.map(({ name, template }) => [name, template]));
  return new Map(Object.entries(templates));
}
