import type { ServerResponse } from 'node:http';
import type { Installation, SlackFile, Workspace } from './workspace.ts';

/** How a file lies there; `check_file_info` is one of Slack Connect, of which events tell only the id. */
export type FileMode = 'hosted' | 'external' | 'tombstone' | 'hidden_by_limit' | 'check_file_info';

export interface FileOptions {
  name: string;
  bytes?: Uint8Array;
  mimetype?: string;
  title?: string;
  /** Alternative text, `alt_txt`. */
  altText?: string;
  user?: string;
  mode?: FileMode;
  /** In place of the number of bytes. */
  size?: number;
  /** Waits so long before each part of the bytes. */
  delayMs?: number;
  /** Fields of Slack's in place of those that it would have. */
  fields?: Record<string, unknown>;
}

const loginPage =
  '<!DOCTYPE html><html lang="en"><head><title>Sign in</title></head><body><form action="/signin">Sign in to your workspace</form></body></html>';

const types: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  pdf: 'application/pdf',
  mp4: 'video/mp4',
  txt: 'text/plain',
};

/** Files as Slack hosts them: who has no token that may read them gets a page to sign in, with 200 or by 302. */
export class HostedFiles {
  /** How those who may not read a file are sent to sign in. Default with status 200. */
  signInBy: 200 | 302 = 200;
  /** How often each file was fetched, by its id; fetches that were refused count too. */
  readonly fetches = new Map<string, number>();
  /** So often an uploaded file is asked for before Slack has made out what it is. */
  looksUntilKnown = 1;
  readonly #unknown = new Map<string, number>();
  readonly #world: Workspace;
  readonly #origin: () => string;
  readonly #bytes = new Map<string, { bytes: Uint8Array; delayMs: number }>();

  constructor(world: Workspace, origin: () => string) {
    this.#world = world;
    this.#origin = origin;
  }

  /** A file in a workspace, not yet shared anywhere. */
  add(teamId: string, options: FileOptions): SlackFile {
    const { name, bytes = new Uint8Array(), mode = 'hosted', user = 'USLACKBOT' } = options;
    const id = this.#world.nextId('F');
    const filetype = name.split('.').at(-1) ?? '';
    const created = Math.floor(Date.now() / 1000);
    const address = `${this.#origin()}/files-pri/${teamId}-${id}`;
    const encoded = encodeURIComponent(name);
    const isExternal = mode === 'external';
    this.#bytes.set(id, { bytes, delayMs: options.delayMs ?? 0 });
    const file: SlackFile = {
      id,
      created,
      timestamp: created,
      name,
      title: options.title ?? name,
      mimetype: options.mimetype ?? types[filetype] ?? 'application/octet-stream',
      filetype,
      pretty_type: filetype.toUpperCase(),
      user,
      user_team: teamId,
      editable: false,
      size: options.size ?? bytes.length,
      mode: isExternal ? 'external' : 'hosted',
      is_external: isExternal,
      external_type: isExternal ? 'gdrive' : '',
      is_public: true,
      public_url_shared: false,
      display_as_bot: false,
      username: '',
      url_private: isExternal ? `https://drive.example/${encoded}` : `${address}/${encoded}`,
      ...(!isExternal && { url_private_download: `${address}/download/${encoded}` }),
      permalink: `${this.#origin()}/files/${user}/${id}/${encoded}`,
      has_rich_preview: false,
      file_access: 'visible',
      ...(options.altText !== undefined && { alt_txt: options.altText }),
      ...options.fields,
    };
    if (mode === 'check_file_info') file.heldBackInEvents = true;
    this.#world.files.set(id, file);
    if (mode === 'tombstone') this.#world.files.set(id, { id, mode });
    if (mode === 'hidden_by_limit') this.#world.files.set(id, { ...bare(file), mode });
    if (mode === 'tombstone' || mode === 'hidden_by_limit') this.lose(id);
    return this.#world.files.get(id) ?? file;
  }

  /** A canvas, whose content is fetched as HTML. */
  addCanvas(teamId: string, title: string, html: string): SlackFile {
    return this.add(teamId, {
      name: title,
      bytes: Buffer.from(html),
      mimetype: 'application/vnd.slack-docs',
      fields: { filetype: 'quip', pretty_type: 'Canvas', mode: 'quip', editable: true },
    });
  }

  /** Bytes that the bot sends for a file that it uploads. */
  fill(id: string, bytes: Uint8Array): void {
    this.#bytes.set(id, { bytes, delayMs: 0 });
    const file = this.#world.files.get(id);
    if (file !== undefined) file.size = bytes.length;
  }

  /** Its upload is complete; Slack makes out what it is aside. */
  complete(id: string): void {
    this.#unknown.set(id, this.looksUntilKnown);
    this.#makeOut(id);
  }

  /** The app asked for it. */
  looked(id: string): void {
    const left = this.#unknown.get(id);
    if (left === undefined) return;
    this.#unknown.set(id, left - 1);
    this.#makeOut(id);
  }

  #makeOut(id: string): void {
    const file = this.#world.files.get(id);
    if (file === undefined || (this.#unknown.get(id) ?? 1) > 0) return;
    this.#unknown.delete(id);
    file.filetype = String(file.name).split('.').at(-1) ?? '';
    file.mimetype = types[String(file.filetype)] ?? 'application/octet-stream';
  }

  bytesOf(id: string): Uint8Array {
    return this.#bytes.get(id)?.bytes ?? new Uint8Array();
  }

  /** The bytes are there no more, though Slack tells of the file: fetching it gives 404. */
  lose(id: string): void {
    this.#bytes.delete(id);
  }

  /** Somebody deletes the file: messages keep a tombstone of it, and the app is told. */
  delete(id: string): void {
    const file = this.#world.files.get(id);
    if (file === undefined) return;
    this.#world.tell(String(file.user_team), {
      type: 'file_deleted',
      file_id: id,
      event_ts: this.#world.nextTs(),
    });
    const tombstone: SlackFile = { id, mode: 'tombstone' };
    this.#world.files.set(id, tombstone);
    this.#bytes.delete(id);
    for (const { message } of this.#world.posts)
      if (message.files !== undefined)
        message.files = message.files.map((each) => (each.id === id ? tombstone : each));
  }

  /** Answers a fetch of `/files-pri/<team>-<file>/…`. */
  async answer(path: string, caller: Installation | undefined, response: ServerResponse) {
    const [, teamId, id = ''] = /^\/files-pri\/([^-/]+)-([^/]+)\//.exec(path) ?? [];
    this.fetches.set(id, (this.fetches.get(id) ?? 0) + 1);
    const mayRead =
      caller?.state === 'active' && caller.teamId === teamId && caller.scopes.has('files:read');
    if (!mayRead) {
      const toSignIn = `${this.#origin()}/?redir=${encodeURIComponent(path)}`;
      if (this.signInBy === 302) return void response.writeHead(302, { location: toSignIn }).end();
      return this.signIn(response);
    }
    const content = this.#bytes.get(id);
    if (content === undefined) return void response.writeHead(404).end('file_not_found');
    const { bytes, delayMs } = content;
    response.writeHead(200, {
      'content-type': String(this.#world.files.get(id)?.mimetype),
      'content-length': bytes.length,
    });
    const partLength = delayMs === 0 ? bytes.length : Math.ceil(bytes.length / 8);
    for (let at = 0; at < bytes.length && !response.destroyed; at += partLength) {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      response.write(bytes.subarray(at, at + partLength));
    }
    response.end();
  }

  /** The page to sign in. */
  signIn(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(loginPage);
  }
}

/** A file as messages and events tell of it. */
export function toldOf(file: SlackFile): SlackFile {
  const { heldBackInEvents, ...told } = file;
  return heldBackInEvents === true
    ? { ...bare(file), mode: 'file_access', file_access: 'check_file_info', user: '' }
    : told;
}

function bare({ id, created, timestamp }: SlackFile): SlackFile {
  return { id, created, timestamp };
}
