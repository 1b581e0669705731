import { toVistazoError, VistazoError } from '../errors.js';
import type { RgbImage } from '../image/resample.js';
import { openImages } from '../inference/family/registry.js';
import { sendToParent } from '../processes/send-to-parent.js';
import {
  decodeFrames,
  encodeFrames,
  inspectPicture,
  normalisePicture,
  type PictureInfo,
} from './decode.js';
import type { MediaReply, MediaRequest, MediaResults } from './media-protocol.js';
import { renderPages } from './pdf/render-pages.js';
import { perceptualHash } from './perceptual-hash.js';
import { redactPicture } from './redact.js';
import { isWornOut, watchResources } from './resource-watch.js';

/** The process that decodes untrusted bytes, one file after the other. */
async function perform({
  bytes,
  limits,
  task,
}: MediaRequest): Promise<MediaResults[keyof MediaResults]> {
  if (task.type === 'pages') return renderPages(bytes, limits, task.maxPages);
  const info = await inspectPicture(bytes, limits);
  if (task.type === 'inspect') return info;
  if (task.type === 'normalise') return normalisePicture(bytes, info);
  if (task.type === 'encode') return encodeFrames(bytes, info, task);
  if (task.type === 'hash') return perceptualHash(await firstFrame(bytes, info));
  if (task.type === 'redact') return redactPicture(await firstFrame(bytes, info), task.rectangles);
  const images = openImages(task.family);
  if (images === undefined) throw new VistazoError('internal', 'The model has no eyes.');
  const frames = await decodeFrames(bytes, info, task.maxFrames);
  return frames.map((frame) => {
    const layout = images.layout(frame, task.budget);
    return { layout, pixels: images.process(frame, layout) };
  });
}

/** Of an animation its first one. */
async function firstFrame(bytes: Uint8Array, info: PictureInfo): Promise<RgbImage> {
  const [first] = await decodeFrames(bytes, info, 1);
  if (first === undefined) throw new VistazoError('internal', 'The picture has no frame.');
  return first;
}

/** Pictures that may have left memory behind. */
let served = 0;

async function answer(request: MediaRequest): Promise<void> {
  const watch = watchResources(request.limits);
  const outcome = await Promise.race([
    perform(request).then(
      (result) => ({ result }),
      (error: unknown) => ({ error: toVistazoError(error).toJSON() }),
    ),
    watch.exceeded.catch((cause: unknown) => {
      const error = toVistazoError(cause).toJSON();
      return { error, isWornOut: true, again: served > 0 && error.code === 'picture.tooLarge' };
    }),
  ]);
  watch.end();
  served += 1;
  const reply: MediaReply = { id: request.id, isWornOut: isWornOut(), ...outcome };
  sendToParent(reply);
}

let last: Promise<void> = Promise.resolve();
process.on('message', (request: MediaRequest) => {
  last = last.then(() => answer(request));
});
process.on('disconnect', () => process.exit(0));
// A terminal sends its interrupt to the whole group; only the main process decides about the end.
process.on('SIGINT', () => {});
