import type {
  APIAllowedMentions,
  RESTAPIAttachment,
  RESTPatchAPIChannelMessageJSONBody,
  RESTPatchAPIInteractionOriginalResponseJSONBody,
  RESTPostAPIChannelMessageJSONBody,
  RESTPostAPIChannelMessagesThreadsJSONBody,
  RESTPostAPICurrentUserCreateDMChannelJSONBody,
  RESTPostAPIInteractionFollowupJSONBody,
} from 'discord.js';
import { z } from 'zod';
import { choice, globalCommands, serverCommands } from './command-limits.ts';
import { customId, type Fields, isUnique, snowflake } from './limit-rules.ts';
import { modal } from './modal-limits.ts';

/** A file that a call sends beside its body. */
export interface Upload {
  /** Such as `files[0]`. */
  field: string;
  name: string;
  sizeBytes: number;
}

/**
 * What is wrong with the body and the files of a call by what Discord documents
 * (https://discord.com/developers/docs) and the types of discord-api-types say; undefined where nothing is, or
 * the call is none of those that are looked at.
 */
export function brokenLimit(
  method: string,
  path: string,
  body: unknown,
  uploads: readonly Upload[] = [],
): string | undefined {
  const [plain = ''] = path.split('?');
  const rule = rules.find((each) => each.method === method && each.path.test(plain));
  if (rule === undefined) return undefined;
  const error = rule.schema.safeParse(body).error;
  const broken = error === undefined ? brokenUpload(body, uploads) : z.prettifyError(error);
  return broken === undefined ? undefined : `${method} ${plain}: ${broken}`;
}

/** Of servers without boosts. */
const maxUploadBytes = 10 * 1024 * 1024;
const maxUploads = 10;
/** Of a whole call. */
const maxCallBytes = 25 * 1024 * 1024;
const uploadedSchema = z.object({
  attachments: z.array(z.looseObject({ id: z.union([z.string(), z.int()]) })).default([]),
});

function brokenUpload(body: unknown, uploads: readonly Upload[]): string | undefined {
  const { data: { attachments = [] } = {} } = uploadedSchema.safeParse(body);
  // Those that are there already have ids of Discord.
  const announced = attachments.map(({ id }) => String(id)).filter((id) => id.length < 15);
  const fields = uploads.map(({ field }) => field);
  const absent = announced.find((id) => !fields.includes(`files[${id}]`));
  if (absent !== undefined) return `the attachment ${absent} has no files[${absent}]`;
  if (uploads.length > maxUploads) return `${uploads.length} files`;
  if (!isUnique(fields)) return 'two files in one field';
  const strange = uploads.find(
    ({ field, name }) => !/^files\[\d+\]$/.test(field) || !/^[^/\\\0]{1,255}$/.test(name),
  );
  if (strange !== undefined) return `the file ${strange.name} in ${strange.field}`;
  const large = uploads.find(({ sizeBytes }) => sizeBytes > maxUploadBytes);
  if (large !== undefined) return `the file ${large.name} of ${large.sizeBytes} bytes`;
  const totalBytes = uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return totalBytes > maxCallBytes ? `files of ${totalBytes} bytes together` : undefined;
}

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

const attachments = z
  .array(
    z.strictObject({
      id: z.union([snowflake, z.int().min(0), z.string().regex(/^\d{1,2}$/)]),
      filename: z.string().min(1).max(255).optional(),
      title: z.string().max(1024).optional(),
      description: z.string().max(1024).optional(),
      duration_secs: z.number().optional(),
      waveform: z.string().optional(),
      is_spoiler: z.boolean().optional(),
    } satisfies Fields<RESTAPIAttachment>),
  )
  .max(10)
  .refine((all) => isUnique(all.map(({ id }) => String(id))), {
    message: 'two attachments of one id',
  });

const message = {
  content: z.string().max(2000).nullish(),
  embeds: z.array(z.unknown()).max(10).nullish(),
  allowed_mentions: allowedMentions.nullish(),
  components: components.nullish(),
  attachments: attachments.optional(),
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

const thread = z.strictObject({
  name: z.string().min(1).max(100),
  auto_archive_duration: z.literal([60, 1440, 4320, 10_080]).optional(),
  rate_limit_per_user: z.int().min(0).max(21_600).optional(),
} satisfies Fields<RESTPostAPIChannelMessagesThreadsJSONBody>);

/** discord-api-types has none. */
const refreshedUrls = z.strictObject({ attachment_urls: z.array(z.url()).min(1).max(50) });

const rules: readonly { method: string; path: RegExp; schema: z.ZodType }[] = [
  { method: 'POST', path: /^\/channels\/\d+\/messages$/, schema: channelMessage },
  { method: 'PATCH', path: /^\/channels\/\d+\/messages\/\d+$/, schema: messageEdit },
  { method: 'POST', path: /^\/webhooks\/\d+\/[^/]+$/, schema: followUp },
  { method: 'PATCH', path: /^\/webhooks\/\d+\/[^/]+\/messages\/[^/]+$/, schema: originalEdit },
  { method: 'POST', path: /^\/interactions\/\d+\/[^/]+\/callback$/, schema: interactionResponse },
  { method: 'PUT', path: /^\/applications\/\d+\/commands$/, schema: globalCommands },
  { method: 'PUT', path: /^\/applications\/\d+\/guilds\/\d+\/commands$/, schema: serverCommands },
  { method: 'POST', path: /^\/channels\/\d+\/messages\/\d+\/threads$/, schema: thread },
  { method: 'POST', path: /^\/attachments\/refresh-urls$/, schema: refreshedUrls },
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
