import type { ImageBlock } from '@slack/types';
import {
  type AdapterFiles,
  guardedPost,
  type PostedPicture,
  type ReplyPost,
  VistazoError,
} from '@vistazo/core';
import { BoundedMap, pause } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import type { SlackApi } from '../slack-api.js';

/** Most pictures of a message. */
export const maxPictures = 10;
/** Most bytes of a picture; Slack takes more, but shows none that is much larger. */
export const maxPictureBytes = 20 * 2 ** 20;

/** Posts whose pictures are uploaded, for when the message itself has to be tried again. */
const maxPosts = 1000;
const uploadTimeoutMs = 60_000;
/** How often and for how long is looked whether Slack has made out what an uploaded file is. */
const lookEveryMs = 500;
const maxLooks = 40;

const uploadSchema = z.object({ upload_url: z.string(), file_id: z.string() });
const infoSchema = z.object({ file: z.object({ mimetype: z.string().default('') }) });

/** What {@link PictureUploads} needs. */
export interface PictureUploadsOptions {
  api: SlackApi;
  /** Where Slack keeps files: nothing is uploaded elsewhere. */
  files: AdapterFiles;
}

type Upload = Pick<ReplyPost, 'tenant'> & { signal: AbortSignal };

/**
 * Uploads pictures for blocks of a message, in which its text and buttons stand too: files of the app's own that are
 * shared nowhere else, see https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object.
 */
export class PictureUploads {
  readonly #fileIds = new BoundedMap<string, readonly string[]>(maxPosts);

  constructor(private readonly options: PictureUploadsOptions) {}

  /** Throws `platform.gone`, `platform.failed`, and the reason of the signal. */
  async blocksOf(post: ReplyPost, signal: AbortSignal): Promise<ImageBlock[]> {
    const { tenant, pictures = [], idempotencyKey } = post;
    if (pictures.length === 0) return [];
    const key = `${tenant} ${idempotencyKey}`;
    const ids = this.#fileIds.get(key) ?? (await this.#uploadAll(pictures, { tenant, signal }));
    this.#fileIds.set(key, ids);
    return pictures.map(({ description }, index) => ({
      type: 'image',
      slack_file: { id: ids[index] ?? '' },
      alt_text: description,
    }));
  }

  async #uploadAll(pictures: readonly PostedPicture[], upload: Upload): Promise<string[]> {
    const ids: string[] = [];
    for (const picture of pictures) ids.push(await this.#upload(picture, upload));
    const files = pictures.map(({ name }, index) => ({ id: ids[index] ?? '', title: name }));
    await this.#call('files.completeUploadExternal', { files }, upload);
    for (const id of ids) await this.#untilKnown(id, upload);
    return ids;
  }

  async #upload({ bytes, name, description }: PostedPicture, upload: Upload): Promise<string> {
    const args = { filename: name, length: bytes.byteLength, alt_txt: description };
    const answer = await this.#call('files.getUploadURLExternal', args, upload);
    const { upload_url, file_id } = uploadSchema.parse(answer);
    const { signal } = upload;
    const headers = { 'content-type': 'application/octet-stream' };
    const bounds = { ...this.options.files, headers, timeoutMs: uploadTimeoutMs, signal };
    try {
      await guardedPost(upload_url, bytes, bounds);
    } catch (cause) {
      signal.throwIfAborted();
      throw new VistazoError('platform.failed', 'Slack did not take the upload of a picture.', {
        cause,
      });
    }
    return file_id;
  }

  /** Slack refuses blocks with a file that it has not looked at yet, which it does aside. */
  async #untilKnown(file: string, upload: Upload): Promise<void> {
    for (let look = 0; look < maxLooks; look += 1) {
      const answer = await this.#call('files.info', { file }, upload);
      if (infoSchema.parse(answer).file.mimetype !== '') return;
      await pause(lookEveryMs, upload.signal);
    }
    throw new VistazoError(
      'platform.failed',
      'Slack has not looked at an uploaded picture yet; it is tried again later.',
    );
  }

  #call(method: string, args: Record<string, unknown>, upload: Upload): Promise<unknown> {
    return this.options.api.call({ ...upload, method, args });
  }
}
