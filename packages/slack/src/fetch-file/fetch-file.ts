import { type AdapterFiles, type FileHost, guardedFetch, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import type { OperatorNotices } from '../operator-notices.js';
import { fileSchema, type SlackFile } from '../parse-message/slack-message.js';
import type { SlackApi } from '../slack-api.js';
import { slackCodeOf } from '../slack-errors.js';
import { type FilePlace, readFileUrl, reasonOf } from './file-url.js';

/** Slack sends whoever may not see a file to a login page there, which never gets the token. */
const loginHosts = ['slack.com', '*.slack.com'].map((host) => ({ host, headers: {} }));

/** Where Slack keeps the files that people post. Hosts without `headers` of their own get the token, and no others. */
export const slackFiles: AdapterFiles = {
  hosts: [
    { host: 'files.slack.com' },
    { host: 'slack-files.com' },
    { host: '*.slack-files.com' },
    ...loginHosts,
  ],
};

/** The hosts of files; those without `headers` of their own are sent the token. */
export function withToken({ hosts }: AdapterFiles, token: () => Promise<string>): FileHost[] {
  const headers = async () => ({ authorization: `Bearer ${await token()}` });
  return hosts.map((host) => ({ headers, ...host }));
}

/** What {@link FileFetcher} needs. */
export interface FileFetcherOptions {
  api: SlackApi;
  tokenOf: (tenant: string) => Promise<string>;
  files: AdapterFiles;
  /** Told that the bot may not read files in a team. */
  notices: OperatorNotices;
}

type FetchBounds = { maxBytes: number; signal: AbortSignal };

const sentences = {
  deleted: 'The file was deleted before I could look at it; post it again.',
  hidden:
    'Slack does not show this file any more, as it is beyond the limit of the workspace’s plan.',
  external: 'The file is kept outside of Slack; post the picture itself.',
  canvas: 'I cannot look into canvases; post the pictures in it themselves.',
  notAllowed:
    'I may not read files here: whoever manages the app can give it the scope files:read.',
  unknown: 'Slack does not let me have the file at the moment; try again later.',
} as const;

/** How long Slack may take to say what is the matter with a file. */
const infoTimeoutMs = 5_000;

const infoSchema = z.object({ file: fileSchema });

/** Fetches the bytes of files from Slack, and of pictures that links show. */
export class FileFetcher {
  constructor(private readonly options: FileFetcherOptions) {}

  /** Throws `fetch.*` and `picture.tooLarge`. */
  async fetch(address: string, bounds: FetchBounds): Promise<Uint8Array> {
    const place = readFileUrl(address);
    // The picture of a link's preview; whoever keeps it is told nothing.
    if (place === undefined) return guardedFetch(address, this.#publicBounds(bounds));
    const { url, reason } = place;
    if (reason !== undefined) throw unavailable(reason);
    if (url !== undefined) return this.#checked(place, url, bounds);
    const file = await this.#info(place, bounds.signal);
    const found = addressOf(file);
    if (found === undefined) throw unavailable('deleted');
    return this.#checked(place, found, bounds);
  }

  #publicBounds(bounds: FetchBounds) {
    const { allowAddress, resolveName } = this.options.files;
    return {
      ...bounds,
      ...(allowAddress !== undefined && { allowAddress }),
      ...(resolveName !== undefined && { resolveName }),
    };
  }

  /** Says what is the matter with the file where nothing came, or a page in its place. */
  async #checked(place: FilePlace, url: string, bounds: FetchBounds): Promise<Uint8Array> {
    const { files, tokenOf } = this.options;
    const hosts = withToken(files, () => tokenOf(place.team));
    const bytes = await guardedFetch(url, { ...files, hosts, ...bounds }).catch(
      async (error: unknown) => {
        bounds.signal.throwIfAborted();
        const isFailure = error instanceof VistazoError && error.code === 'fetch.failed';
        if (isFailure) await this.#info(place, bounds.signal);
        throw error;
      },
    );
    if (isPage(bytes)) await this.#requirePage(place, bytes, bounds.signal);
    return bytes;
  }

  /** People post pages too; one that Slack does not know so is its login page. */
  async #requirePage(place: FilePlace, page: Uint8Array, signal: AbortSignal): Promise<void> {
    const { size } = await this.#info(place, signal);
    if (size === page.length) return;
    this.options.notices.lacksScope(
      place.team,
      'files:read',
      'it got a login page in place of a file',
    );
    throw new VistazoError('fetch.refused', sentences.notAllowed);
  }

  /** Throws why the bytes of the file cannot be had, where Slack says so. */
  async #info({ team, fileId }: FilePlace, signal: AbortSignal): Promise<SlackFile> {
    const answer = await this.options.api
      .call({
        tenant: team,
        method: 'files.info',
        args: { file: fileId },
        signal: AbortSignal.any([signal, AbortSignal.timeout(infoTimeoutMs)]),
      })
      .catch((error: unknown) => {
        signal.throwIfAborted();
        throw refusalOf(error);
      });
    const { file } = infoSchema.parse(answer);
    const reason = reasonOf(file);
    if (reason !== undefined) throw unavailable(reason);
    return file;
  }
}

type Reason = NonNullable<FilePlace['reason']>;

function unavailable(reason: Reason, cause?: unknown): VistazoError {
  return new VistazoError('fetch.failed', sentences[reason], { cause });
}

function addressOf({ url_private_download, url_private }: SlackFile): string | undefined {
  return url_private_download || url_private || undefined;
}

/** Whoever asked is told it in words that say nothing of the bot's inside. */
function refusalOf(error: unknown): VistazoError {
  const code = slackCodeOf(error);
  if (code === 'missing_scope')
    return new VistazoError('fetch.refused', sentences.notAllowed, { cause: error });
  if (code === 'file_not_found' || code === 'file_deleted') return unavailable('deleted', error);
  return new VistazoError('fetch.failed', sentences.unknown, { cause: error });
}

/** Slack answers who may not see a file with a page to log in, and with status 200. */
function isPage(bytes: Uint8Array): boolean {
  const beginning = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  return /^(\xef\xbb\xbf)?\s*<(!doctype html|html)/i.test(beginning);
}
