import { z } from 'zod';

/** A picture, video or file of a card, at Discord's own copy. */
export interface CardFile {
  url: string;
  /** Whether it stands in the card as a file, and not as a picture or video. */
  isFile: boolean;
  name?: string | undefined;
  description?: string | undefined;
  mediaType?: string | undefined;
  hasSize: boolean;
}

/** What the components of a message say and show. */
export interface Card {
  /** One for each text display, in Discord's marks. */
  texts: string[];
  files: CardFile[];
}

/** Discord allows 40 components in a message, and a section in a container. */
const maxComponents = 100;
const maxDepth = 5;

const mediaSchema = z.object({
  /** Discord's own copy: what the address of an app leads to is not asked. */
  proxy_url: z.string(),
  content_type: z.string().nullish(),
  width: z.number().nullish(),
  height: z.number().nullish(),
});
const shownSchema = z.object({ media: mediaSchema, description: z.string().nullish() });

/** By Discord's numbers, see https://discord.com/developers/docs/components/reference. */
const componentSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal(9),
    components: z.array(z.unknown()),
    accessory: z.unknown().optional(),
  }),
  z.object({ type: z.literal(10), content: z.string() }),
  shownSchema.extend({ type: z.literal(11) }),
  z.object({ type: z.literal(12), items: z.array(z.unknown()) }),
  z.object({ type: z.literal(13), file: mediaSchema, name: z.string().nullish() }),
  z.object({ type: z.literal(17), components: z.array(z.unknown()) }),
]);

/**
 * Reads the components of a message (Components V2): text displays, thumbnails, media galleries and files, also in
 * sections and containers. Buttons, menus and what is not as expected are left out.
 */
export function readComponents(components: unknown): Card {
  const card: Card = { texts: [], files: [] };
  let left = maxComponents;
  const read = (value: unknown, depth: number): void => {
    left -= 1;
    const { data: component } = componentSchema.safeParse(value);
    if (component === undefined || depth > maxDepth || left < 0) return;
    switch (component.type) {
      case 9:
        for (const each of [...component.components, component.accessory]) read(each, depth + 1);
        return;
      case 10:
        card.texts.push(component.content);
        return;
      case 11:
        card.files.push(shown(component));
        return;
      case 12:
        for (const item of component.items) {
          const { data } = shownSchema.safeParse(item);
          if (data !== undefined) card.files.push(shown(data));
        }
        return;
      case 13:
        card.files.push({ ...fileOf(component.file, component.name), isFile: true });
        return;
      case 17:
        for (const each of component.components) read(each, depth + 1);
    }
  };
  for (const each of Array.isArray(components) ? components.slice(0, maxComponents) : [])
    read(each, 1);
  return card;
}

function shown({ media, description }: z.infer<typeof shownSchema>): CardFile {
  return { ...fileOf(media), isFile: false, description: description ?? undefined };
}

function fileOf(media: z.infer<typeof mediaSchema>, name?: string | null) {
  return {
    url: media.proxy_url,
    name: name || nameIn(media.proxy_url),
    mediaType: media.content_type ?? undefined,
    hasSize: Boolean(media.width && media.height),
  };
}

/** The file name at the end of an address, if there is one. */
function nameIn(url: string): string | undefined {
  const last = URL.parse(url)?.pathname.split('/').at(-1) ?? '';
  if (!/\.\w{1,10}$/.test(last)) return undefined;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
