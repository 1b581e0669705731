import { type AdapterFiles, guardedFetch, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import type { DiscordApi } from '../discord-api.js';

/** Where Discord keeps the files that people post. */
export const discordFiles: AdapterFiles = {
  hosts: [
    { host: 'cdn.discordapp.com' },
    { host: 'media.discordapp.net' },
    { host: '*.discordapp.net' },
  ],
};

const refreshedSchema = z.object({
  refreshed_urls: z.array(z.object({ original: z.string(), refreshed: z.string() })),
});

/**
 * The bytes of a file. Discord's addresses are good for a day; where one is refused, another one is asked
 * for. Throws `fetch.*` and `picture.tooLarge`.
 */
export async function fetchFile(
  api: DiscordApi,
  files: AdapterFiles,
  url: string,
  options: { maxBytes: number; signal: AbortSignal },
): Promise<Uint8Array> {
  try {
    return await guardedFetch(url, { ...files, ...options });
  } catch (error) {
    options.signal.throwIfAborted();
    const isGone = error instanceof VistazoError && error.code === 'fetch.failed';
    const fresh = isGone && canExpire(url) ? await refreshed(api, url, options.signal) : undefined;
    if (fresh === undefined) throw error;
    return guardedFetch(fresh, { ...files, ...options });
  }
}

/** Attachments of messages, in both of the places where Discord gives them. */
function canExpire(url: string): boolean {
  return /^\/(ephemeral-)?attachments\//.test(URL.parse(url)?.pathname ?? '');
}

async function refreshed(
  api: DiscordApi,
  url: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const body = { attachment_urls: [url] };
  const route = '/attachments/refresh-urls' as const;
  const answered = await api.call({ method: 'Post', route, body, signal }).catch(() => undefined);
  signal.throwIfAborted();
  const found = refreshedSchema.safeParse(answered?.json);
  const fresh = found.data?.refreshed_urls[0]?.refreshed;
  return fresh === url ? undefined : fresh;
}
