import type { SlackFile } from '../parse-message/slack-message.js';

/** A file of Slack's as the adapter's `fetch` understands it. */
export interface FilePlace {
  /** The team whose token opens it. */
  team: string;
  fileId: string;
  /** Undefined where Slack has to be asked for it. */
  url: string | undefined;
  /** Why there are no bytes; undefined where there are. */
  reason: 'deleted' | 'hidden' | 'external' | 'canvas' | undefined;
}

const pattern = /^slack-file:([^/]*)\/([^/]*)\/(deleted|hidden|external|canvas|)\/(.*)$/s;

type AddressedFile = Pick<SlackFile, 'id'> & Partial<SlackFile>;

/** An address of a file, in which all is that is needed to fetch it, also after a restart. */
export function fileUrl(file: AddressedFile, team: string): string {
  const { id, url_private_download, url_private } = file;
  const url = url_private_download || url_private || '';
  return `slack-file:${team}/${id}/${reasonOf(file) ?? ''}/${url}`;
}

/** Undefined for what is no address of {@link fileUrl}. */
export function readFileUrl(address: string): FilePlace | undefined {
  const [, team, fileId, reason, url] = pattern.exec(address) ?? [];
  if (team === undefined || fileId === undefined) return undefined;
  return { team, fileId, url: url || undefined, reason: reasons.find((each) => each === reason) };
}

/** Its content is a page of Slack's own making, which names no files. */
const canvasType = 'application/vnd.slack-docs';

const reasons = ['deleted', 'hidden', 'external', 'canvas'] as const;

/** Why the bytes of a file cannot be had from Slack. */
export function reasonOf({ mode, mimetype, is_external }: Partial<SlackFile>): FilePlace['reason'] {
  if (mode === 'tombstone') return 'deleted';
  if (mode === 'hidden_by_limit') return 'hidden';
  if (mimetype === canvasType) return 'canvas';
  return is_external === true || mode === 'external' ? 'external' : undefined;
}
