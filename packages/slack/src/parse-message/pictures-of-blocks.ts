import { z } from 'zod';

const slackFileSchema = z.object({ id: z.string().nullish(), url: z.string().nullish() });
const titleSchema = z.object({ text: z.string() }).nullish().catch(undefined);

/** A picture of Block Kit: a block of its own, or what stands beside or in another one. */
const imageSchema = z.object({
  type: z.literal('image'),
  alt_text: z.string().nullish(),
  title: titleSchema,
  image_url: z.string().nullish(),
  slack_file: slackFileSchema.nullish(),
});

const videoSchema = z.object({
  type: z.literal('video'),
  thumbnail_url: z.string(),
  alt_text: z.string().nullish(),
});

/** Blocks that hold pictures or further blocks; what each has depends on its kind. */
const holderSchema = z.object({
  /** Beside a section. */
  accessory: z.unknown().optional(),
  /** Of a card; its icon shows nothing. */
  hero_image: z.unknown().optional(),
  /** Of a carousel. */
  elements: z.unknown().optional(),
  /** Of a container. */
  child_blocks: z.unknown().optional(),
});

/** A picture among blocks. */
export interface BlockPicture {
  altText: string | undefined;
  imageUrl: string | undefined;
  slackFile: z.infer<typeof slackFileSchema> | undefined;
}

const maxDepth = 4;
const maxPictures = 100;
const holders: readonly unknown[] = ['section', 'card', 'carousel', 'container'];

/**
 * The pictures of blocks: image blocks, those beside sections and in cards, and the stills of videos. Those of
 * contexts are icons, of which only the alternative text is read. None in what are no blocks.
 */
export function picturesOfBlocks(blocks: unknown): BlockPicture[] {
  const found: BlockPicture[] = [];
  const look = (block: unknown, depth: number): void => {
    if (depth > maxDepth || found.length >= maxPictures) return;
    const { data: image } = imageSchema.safeParse(block);
    if (image !== undefined) {
      found.push({
        altText: image.alt_text || image.title?.text,
        imageUrl: image.image_url ?? undefined,
        slackFile: image.slack_file ?? undefined,
      });
      return;
    }
    const { data: video } = videoSchema.safeParse(block);
    if (video !== undefined) {
      const { thumbnail_url: imageUrl, alt_text } = video;
      found.push({ altText: alt_text ?? undefined, imageUrl, slackFile: undefined });
      return;
    }
    if (!holders.includes(typeOf(block))) return;
    const { data: holder } = holderSchema.safeParse(block);
    const { accessory, hero_image, elements, child_blocks } = holder ?? {};
    for (const each of [accessory, hero_image, elements, child_blocks].flat())
      look(each, depth + 1);
  };
  for (const block of Array.isArray(blocks) ? blocks : []) look(block, 1);
  return found;
}

function typeOf(block: unknown): unknown {
  return typeof block === 'object' && block !== null ? Reflect.get(block, 'type') : undefined;
}
