import type {
  APIAllowedMentions,
  APIModalInteractionResponseCallbackData,
  RESTPatchAPIChannelMessageJSONBody,
  RESTPatchAPIInteractionOriginalResponseJSONBody,
  RESTPostAPIChannelMessageJSONBody,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
  RESTPostAPIContextMenuApplicationCommandsJSONBody,
  RESTPostAPICurrentUserCreateDMChannelJSONBody,
  RESTPostAPIInteractionFollowupJSONBody,
} from 'discord.js';
import { z } from 'zod';

/**
 * What is wrong with the body of a call by what Discord documents (https://discord.com/developers/docs) and
 * the types of discord-api-types say; undefined where nothing is, or the call is none of those that are looked at.
 */
export function brokenLimit(method: string, path: string, body: unknown): string | undefined {
  const [plain = ''] = path.split('?');
  const rule = rules.find((each) => each.method === method && each.path.test(plain));
  const error = rule?.schema.safeParse(body).error;
  return error === undefined ? undefined : `${method} ${plain}: ${z.prettifyError(error)}`;
}

/** Every field of a type of discord-api-types: one that the type lacks, or that is forgotten, does not compile. */
type Fields<Type> = { [Key in keyof Required<Type>]: z.ZodType };

const snowflake = z.string().regex(/^\d{15,21}$/);
const customId = z.string().min(1).max(100);
const locales = <Text extends z.ZodType>(text: Text) =>
  z.record(z.string().regex(/^[a-z]{2}(-[A-Z]{2}|-419)?$/), text).nullish();

const selectOption = z.looseObject({ label: z.string().max(100), value: z.string().max(100) });
const control = z.discriminatedUnion('type', [
  z
    .looseObject({
      type: z.literal(2),
      style: z.int().min(1).max(6),
      label: z.string().max(80).optional(),
      custom_id: customId.optional(),
      url: z.url().max(512).optional(),
    })
    .refine(({ style, custom_id, url }) => (style === 5 ? url : custom_id) !== undefined, {
      message: 'a button has a custom_id, and a link an address',
    }),
  z.looseObject({
    type: z.literal([3, 5, 6, 7, 8]),
    custom_id: customId,
    placeholder: z.string().max(150).optional(),
    options: z.array(selectOption).min(1).max(25).optional(),
  }),
]);
const row = z.looseObject({ type: z.literal(1), components: z.array(control).min(1).max(5) });
/** Rows; of the newer kinds, which begin at 9, only the number is looked at. */
const components = z
  .array(z.union([row, z.looseObject({ type: z.int().min(9) })]))
  .max(40)
  .refine((all) => all.filter(({ type }) => type === 1).length <= 5, {
    message: 'more than 5 action rows',
  })
  .refine((all) => isUnique(customIdsOf(all)), { message: 'two components have one custom_id' });

const allowedMentions = z.strictObject({
  parse: z.array(z.enum(['roles', 'users', 'everyone'])).optional(),
  roles: z.array(snowflake).max(100).optional(),
  users: z.array(snowflake).max(100).optional(),
  replied_user: z.boolean().optional(),
} satisfies Fields<APIAllowedMentions>);

const message = {
  content: z.string().max(2000).nullish(),
  embeds: z.array(z.unknown()).max(10).nullish(),
  allowed_mentions: allowedMentions.nullish(),
  components: components.nullish(),
  attachments: z.array(z.unknown()).max(10).optional(),
  flags: z.int().nullish(),
};

const channelMessage = z
  .strictObject({
    ...message,
    nonce: z.union([z.int(), z.string().min(1).max(25)]).optional(),
    enforce_nonce: z.boolean().optional(),
    tts: z.boolean().optional(),
    message_reference: z
      .looseObject({ message_id: snowflake, fail_if_not_exists: z.boolean().optional() })
      .optional(),
    sticker_ids: z.array(snowflake).max(3).optional(),
    poll: z.unknown().optional(),
    shared_client_theme: z.unknown().optional(),
  } satisfies Fields<RESTPostAPIChannelMessageJSONBody>)
  .refine(({ enforce_nonce, nonce }) => enforce_nonce !== true || nonce !== undefined, {
    message: 'enforce_nonce without a nonce',
  })
  .refine(saysSomething, { message: 'an empty message' });

const messageEdit = z.strictObject({
  ...message,
} satisfies Fields<RESTPatchAPIChannelMessageJSONBody>);

const webhookMessage = {
  ...message,
  tts: z.boolean().optional(),
  poll: z.unknown().optional(),
};

const followUp = z
  .strictObject({
    ...webhookMessage,
    thread_name: z.string().max(100).optional(),
    applied_tags: z.array(snowflake).optional(),
  } satisfies Fields<RESTPostAPIInteractionFollowupJSONBody>)
  .refine(saysSomething, { message: 'an empty message' });

const originalEdit = z.strictObject({
  ...message,
  poll: z.unknown().optional(),
} satisfies Fields<RESTPatchAPIInteractionOriginalResponseJSONBody>);

const slashName = z
  .string()
  .regex(/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u)
  .refine((name) => name === name.toLowerCase(), { message: 'a name in capitals' });
const description = z.string().min(1).max(100);
const choiceText = z.string().min(1).max(100);

const choice = z.strictObject({
  name: choiceText,
  name_localizations: locales(choiceText),
  value: z.union([z.string().max(100), z.number()]),
});
const option = z.strictObject({
  type: z.int().min(3).max(11),
  name: slashName,
  name_localizations: locales(slashName),
  description,
  description_localizations: locales(description),
  required: z.boolean().optional(),
  choices: z.array(choice).max(25).optional(),
  autocomplete: z.boolean().optional(),
  min_value: z.number().optional(),
  max_value: z.number().optional(),
  min_length: z.int().min(0).max(6000).optional(),
  max_length: z.int().min(1).max(6000).optional(),
  channel_types: z.array(z.int()).optional(),
});
const options = z
  .array(option)
  .max(25)
  .refine((all) => isUnique(all.map(({ name }) => name)), { message: 'two options of one name' })
  .refine((all) => all.every(({ required }, index) => !required || isRequiredUpTo(all, index)), {
    message: 'a required option after one that is not',
  });

const command = {
  default_member_permissions: z.string().nullish(),
  dm_permission: z.boolean().optional(),
  default_permission: z.boolean().optional(),
  nsfw: z.boolean().optional(),
  integration_types: z.array(z.int().min(0).max(1)).optional(),
  contexts: z.array(z.int().min(0).max(2)).nullish(),
};
const slashCommand = z.strictObject({
  ...command,
  type: z.literal(1).optional(),
  name: slashName,
  name_localizations: locales(slashName),
  description,
  description_localizations: locales(description),
  options: options.optional(),
} satisfies Fields<RESTPostAPIChatInputApplicationCommandsJSONBody>);
const menuName = z.string().min(1).max(32);
const menuCommand = z.strictObject({
  ...command,
  type: z.literal([2, 3]),
  name: menuName,
  name_localizations: locales(menuName),
  description_localizations: z.undefined().optional(),
} satisfies Fields<RESTPostAPIContextMenuApplicationCommandsJSONBody>);
const commands = z
  .array(z.union([slashCommand, menuCommand]))
  .refine((all) => all.filter(({ type = 1 }) => type === 1).length <= 100, {
    message: 'more than 100 slash commands',
  })
  .refine((all) => all.filter(({ type }) => type === 3).length <= 5, {
    message: 'more than 5 commands on messages',
  })
  .refine((all) => isUnique(all.map(({ type = 1, name }) => `${type} ${name}`)), {
    message: 'two commands of one name',
  });

const textInput = z.looseObject({
  type: z.literal(4),
  custom_id: customId,
  label: z.string().min(1).max(45).optional(),
  style: z.literal([1, 2]),
  min_length: z.int().min(0).max(4000).optional(),
  max_length: z.int().min(1).max(4000).optional(),
  placeholder: z.string().max(100).optional(),
  value: z.string().max(4000).optional(),
});
const modalPart = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal(1), components: z.array(textInput).length(1) }),
  z.looseObject({ type: z.literal(10), content: z.string().min(1) }),
  z.looseObject({
    type: z.literal(18),
    label: z.string().min(1).max(45),
    description: z.string().max(100).optional(),
    component: z.union([textInput, z.looseObject({ type: z.int().min(3), custom_id: customId })]),
  }),
]);
const modal = z.strictObject({
  custom_id: customId,
  title: z.string().min(1).max(45),
  components: z.array(modalPart).min(1).max(5),
} satisfies Fields<APIModalInteractionResponseCallbackData>);

/** The numbers are those of InteractionResponseType. */
const interactionResponse = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal(4),
    data: z.strictObject(webhookMessage).refine(saysSomething, { message: 'an empty message' }),
  }),
  z.strictObject({
    type: z.literal(5),
    data: z.strictObject({ flags: z.int().optional() }).optional(),
  }),
  z.strictObject({ type: z.literal(6) }),
  z.strictObject({ type: z.literal(7), data: z.strictObject(webhookMessage).optional() }),
  z.strictObject({
    type: z.literal(8),
    data: z.strictObject({ choices: z.array(choice).max(25) }),
  }),
  z.strictObject({ type: z.literal(9), data: modal }),
]);

const directMessage = z.strictObject({
  recipient_id: snowflake,
} satisfies Fields<RESTPostAPICurrentUserCreateDMChannelJSONBody>);

const rules: readonly { method: string; path: RegExp; schema: z.ZodType }[] = [
  { method: 'POST', path: /^\/channels\/\d+\/messages$/, schema: channelMessage },
  { method: 'PATCH', path: /^\/channels\/\d+\/messages\/\d+$/, schema: messageEdit },
  { method: 'POST', path: /^\/webhooks\/\d+\/[^/]+$/, schema: followUp },
  { method: 'PATCH', path: /^\/webhooks\/\d+\/[^/]+\/messages\/[^/]+$/, schema: originalEdit },
  { method: 'POST', path: /^\/interactions\/\d+\/[^/]+\/callback$/, schema: interactionResponse },
  { method: 'PUT', path: /^\/applications\/\d+\/(guilds\/\d+\/)?commands$/, schema: commands },
  { method: 'POST', path: /^\/users\/@me\/channels$/, schema: directMessage },
];

function saysSomething(body: Record<string, unknown>): boolean {
  const { content, embeds, components, attachments, sticker_ids, poll } = body;
  return [content, embeds, components, attachments, sticker_ids, poll].some(
    (each) => each !== undefined && each !== null && each !== '',
  );
}

function customIdsOf(rows: readonly object[]): string[] {
  return rows.flatMap((each) => {
    const ids = 'custom_id' in each && typeof each.custom_id === 'string' ? [each.custom_id] : [];
    const below = 'components' in each && Array.isArray(each.components) ? each.components : [];
    return [...ids, ...customIdsOf(below)];
  });
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

function isRequiredUpTo(
  all: readonly { required?: boolean | undefined }[],
  index: number,
): boolean {
  return all.slice(0, index).every(({ required }) => required === true);
}
