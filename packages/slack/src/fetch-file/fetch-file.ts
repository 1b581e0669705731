import { type AdapterFiles, guardedFetch, VistazoError } from '@vistazo/core';
import { BoundedMap } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import { fileSchema } from '../parse-message/slack-message.js';
import type { SlackApi } from '../slack-api.js';
import { slackCodeOf } from '../slack-errors.js';
import { type FilePlace, readFileUrl, reasonOf } from './file-url.js';

/** Where Slack keeps the files that people post. The token is sent to these hosts alone. */
export const slackFiles: AdapterFiles = {
  hosts: [{ host: 'files.slack.com' }, { host: '*.slack.com' }, { host: '*.slack-files.com' }],
};

/** What {@link FileFetcher} needs. */
export interface FileFetcherOptions {
  api: SlackApi;
  tokenOf: (tenant: string) => Promise<string>;
  files: AdapterFiles;
  /** Told once in a team that the bot may not read files there. */
  notify: (sentence: string) => void;
}

type FetchBounds = { maxBytes: number; signal: AbortSignal };

const sentences = {
  deleted: 'The file was deleted before I could look at it; post it again.',
  hidden:
    'Slack does not show this file any more, as it is beyond the limit of the workspace’s plan.',
  external: 'The file is kept outside of Slack; post the picture itself.',
  notAllowed:
    'I may not read files here: whoever manages the app can give it the scope files:read.',
} as const;

const maxTeams = 10_000;

const infoSchema = z.object({ file: fileSchema });

/** Fetches the bytes of files from Slack, and of pictures that links show. */
export class FileFetcher {
  readonly #toldOf = new BoundedMap<string, true>(maxTeams);

  constructor(private readonly options: FileFetcherOptions) {}

  /** Throws `fetch.*` and `picture.tooLarge`. */
  async fetch(address: string, bounds: FetchBounds): Promise<Uint8Array> {
    const place = readFileUrl(address);
    // The picture of a link's preview; whoever keeps it is told nothing.
    if (place === undefined) return guardedFetch(address, this.#publicBounds(bounds));
    const { team } = place;
    const url = await this.#urlOf(place, bounds.signal);
    const { files, tokenOf } = this.options;
    const headers = async () => ({ authorization: `Bearer ${await tokenOf(team)}` });
    const hosts = files.hosts.map((host) => ({ headers, ...host }));
    const bytes = await guardedFetch(url, { ...files, hosts, ...bounds });
    if (!isPage(bytes) || /\.html?$/i.test(new URL(url).pathname)) return bytes;
    this.#tell(team);
    throw new VistazoError('fetch.refused', sentences.notAllowed);
  }

  #publicBounds(bounds: FetchBounds) {
    const { allowAddress, resolveName } = this.options.files;
    return {
      ...bounds,
      ...(allowAddress !== undefined && { allowAddress }),
      ...(resolveName !== undefined && { resolveName }),
    };
  }

  async #urlOf({ team, fileId, url, reason }: FilePlace, signal: AbortSignal): Promise<string> {
    if (reason !== undefined) throw new VistazoError('fetch.failed', sentences[reason]);
    if (url !== undefined) return url;
    const { api } = this.options;
    const args = { file: fileId };
    const answer = await api
      .call({ tenant: team, method: 'files.info', args, signal })
      .catch((error: unknown) => {
        throw this.#refusal(error, team);
      });
    const { file } = infoSchema.parse(answer);
    const found = reasonOf(file);
    if (found !== undefined) throw new VistazoError('fetch.failed', sentences[found]);
    const address = file.url_private_download ?? file.url_private;
    if (address != null) return address;
    throw new VistazoError('fetch.failed', sentences.deleted);
  }

  #refusal(error: unknown, team: string): unknown {
    const code = slackCodeOf(error);
    if (code === 'missing_scope') {
      this.#tell(team);
      return new VistazoError('fetch.refused', sentences.notAllowed, { cause: error });
    }
    const isGone = code === 'file_not_found' || code === 'file_deleted';
    return isGone ? new VistazoError('fetch.failed', sentences.deleted, { cause: error }) : error;
  }

  #tell(team: string): void {
    if (this.#toldOf.get(team) !== undefined) return;
    this.#toldOf.set(team, true);
    this.options.notify(
      `In the Slack team ${team} the bot got a login page in place of a file: add the scope files:read on the page OAuth & Permissions of your app, and install it again.`,
    );
  }
}

/** Slack answers who may not see a file with a page to log in, and with status 200. */
function isPage(bytes: Uint8Array): boolean {
  const beginning = Buffer.from(bytes.subarray(0, 200)).toString('latin1').trimStart();
  return /^<(!doctype html|html)/i.test(beginning);
}
