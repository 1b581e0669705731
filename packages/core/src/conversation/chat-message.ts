import { z } from 'zod';

const imageIdPattern = /^sha256:[0-9a-f]{64}$/;

/** `sha256:` and 64 hex digits: the content address of a stored picture. */
export const imageIdSchema = z.string().regex(imageIdPattern).brand<'ImageId'>();

/** The content address of a stored picture, `sha256:` and 64 hex digits of its original bytes. */
export type ImageId = z.infer<typeof imageIdSchema>;

const imageSourceStringSchema = z.union([
  // Browsers and platforms call a file so whose kind they do not know; its bytes tell.
  z.string().regex(/^data:(image\/[\w.+-]+|application\/octet-stream);base64,/),
  z.url({ protocol: /^https?$/ }),
  imageIdSchema,
]);

const bytesSchema = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array,
  'bytes are expected',
);

/** Where the bytes of a picture come from: data URI, http(s) URL, stored picture id, or bytes. */
export const imageSourceSchema = z.union([imageSourceStringSchema, bytesSchema]);
/** See {@link imageSourceSchema}. */
export type ImageSource = z.infer<typeof imageSourceSchema>;

/** `{"type":"text","text":"…"}` */
export const textPartSchema = z.strictObject({ type: z.literal('text'), text: z.string() });
/** A piece of text in a message. */
export type TextPart = z.infer<typeof textPartSchema>;

/** `{"type":"image","image":…}` */
export const imagePartSchema = z.strictObject({
  type: z.literal('image'),
  image: imageSourceSchema,
});
/** A picture in a message. */
export type ImagePart = z.infer<typeof imagePartSchema>;

/**
 * `{"type":"video","video":[…]}`: an ordered list of frames, each a picture. `atMs` says when each is shown, in
 * milliseconds from the beginning, and `durationMs` how long the video is; both may be left out.
 */
export const videoPartSchema = z
  .strictObject({
    type: z.literal('video'),
    video: z.union([imageSourceSchema, z.array(imageSourceSchema).min(1)]),
    atMs: z.array(z.number().nonnegative()).optional(),
    durationMs: z.number().nonnegative().optional(),
  })
  .refine(({ video, atMs }) => atMs === undefined || atMs.length === [video].flat().length, {
    path: ['atMs'],
  });
/** A video or animation in a message: one source, or its frames in order, and their times where they are known. */
export type VideoPart = z.infer<typeof videoPartSchema>;

/** One element of a message's `content` list. */
export const partSchema = z.discriminatedUnion('type', [
  textPartSchema,
  imagePartSchema,
  videoPartSchema,
]);
/** See {@link partSchema}. */
export type Part = z.infer<typeof partSchema>;

/** Who speaks. */
export const roleSchema = z.enum(['system', 'user', 'assistant']);
/** See {@link roleSchema}. */
export type Role = z.infer<typeof roleSchema>;

/**
 * A message as the chat templates of Hugging Face processors take it.
 * Source: https://huggingface.co/docs/transformers/chat_templating_multimodal
 */
export const chatMessageSchema = z.strictObject({
  role: roleSchema,
  content: z.union([z.string(), z.array(partSchema)]),
});
/** See {@link chatMessageSchema}. */
export type ChatMessage = z.infer<typeof chatMessageSchema>;

/** A whole conversation in the chat format. */
export const chatMessagesSchema = z.array(chatMessageSchema);
