/** What a platform says of a file. */
export interface PostedFile {
  name?: string | null | undefined;
  /** Its media type as the platform calls it, such as `image/png`. */
  mediaType?: string | null | undefined;
  /** Whether the platform knows a width and height, as of pictures and videos. Default false. */
  hasSize?: boolean;
}

/** Types that say nothing: platforms give them to files of apps, cameras and scripts. */
const unsureType =
  /^(application|binary)\/(octet-stream|x-octet-stream|binary|unknown|force-download)$/;
const viewableType = /^(image|video)\/|^application\/(x-)?pdf$/;
const viewableEnding =
  /\.(jpe?g|jfif|a?png|gif|webp|avif|hei[cf]|bmp|tiff?|svg|mp4|m4v|mov|webm|mkv|avi|ogv|pdf)$/i;
const ending = /\.[\p{L}\p{N}_-]{1,16}$/u;

/**
 * Whether a file is a picture, a video or a PDF as far as its platform says, so that it is worth fetching though
 * nobody asked for it. Where the type says nothing the name decides; without an ending the file may be a picture.
 */
export function isViewable({ name, mediaType, hasSize = false }: PostedFile): boolean {
  const type = (mediaType ?? '').replace(/;.*$/s, '').trim().toLowerCase();
  if (hasSize || viewableType.test(type)) return true;
  if (type !== '' && !unsureType.test(type)) return false;
  const fileName = name ?? '';
  return viewableEnding.test(fileName) || !ending.test(fileName);
}

/** How a quoted message names a file that is not looked at: one line, of at most 300 characters of the name. */
export function fileLine(name: string): string {
  return `[file ${name.slice(0, 300).replace(/\s+/g, ' ').trim() || 'without a name'}]`;
}
