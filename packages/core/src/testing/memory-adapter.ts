import { randomUUID } from 'node:crypto';
import type {
  Adapter,
  AdapterCapabilities,
  AdapterHost,
  PostedPicture,
  PostedReply,
  ReplyPost,
} from '../adapter/adapter.js';
import { calledAction } from '../adapter/called-action.js';
import type { CommandDescription } from '../adapter/command-description.js';
import type { Attachment, MessageEvent, PlatformEvent } from '../adapter/platform-event.js';
import type { ReplyAction } from '../adapter/reply-action.js';
import { VistazoError } from '../errors.js';
import type { Rating } from '../store/conversation-store.js';

/** A message that a bot posted, as people on the platform see it. */
export interface SeenPost {
  id: string;
  tenant: string;
  /** The conversation it stands in, and the message that it answers. */
  conversationKey: string;
  messageId: string;
  text: string;
  /** What people can press below it. */
  actions: readonly ReplyAction[];
  /** Those that it shows. */
  pictures: readonly PostedPicture[];
  /** Whether it was said unasked. */
  isAnnouncement: boolean;
  /** How often it was changed after it was posted. */
  edits: number;
}

/** What a person posts; all but the text has a default. */
export type PersonMessage = Partial<Omit<MessageEvent, 'type' | 'text' | 'attachments'>> & {
  /** Default none. */
  pictures?: readonly Uint8Array[];
  /** Files with names, texts and authors of their own, after the pictures. Default none. */
  files?: readonly (Omit<Attachment, 'url'> & { bytes: Uint8Array })[];
};

/** How a person presses a button; all has a default. */
export interface ButtonPressing {
  /** What they say in the dialog, where it asks. An option that is not named keeps what is shown. */
  values?: Readonly<Record<string, string>>;
  /** On which post, by its id. Default: the last that has the button. */
  postId?: string;
  /** Who presses it. Default: Ana. */
  author?: MessageEvent['author'];
}

/** A platform within the process, to test bots with: people post, and what they then see is looked at. */
export class MemoryAdapter implements Adapter {
  readonly name: string;
  readonly capabilities: AdapterCapabilities;
  /** What people see, in the order in which it was posted. */
  readonly posts: SeenPost[] = [];
  /** Asked before every call of the bot; what it throws is what the platform fails with. */
  beforeCall: (call: 'post' | 'edit' | 'remove' | 'fetch') => void | Promise<void> = () => {};
  readonly #files = new Map<string, Uint8Array>();
  readonly #postsOfKeys = new Map<string, SeenPost>();
  #host: AdapterHost | undefined;
  #changed = Promise.withResolvers<void>();

  constructor({
    name = 'memory',
    ...capabilities
  }: Partial<AdapterCapabilities> & { name?: string } = {}) {
    this.name = name;
    this.capabilities = {
      maxTextLength: 2000,
      editMessages: true,
      editIntervalMs: 1,
      ...capabilities,
    };
  }

  /** What the bot made known when it started. */
  get commands(): readonly CommandDescription[] {
    return this.#host?.commands ?? [];
  }

  async start(host: AdapterHost): Promise<void> {
    this.#host = host;
  }

  async stop(): Promise<void> {
    this.#host = undefined;
  }

  /** A person posts a message; resolves with its event when the bot has accepted it. */
  async say(
    text: string,
    { pictures = [], files = [], ...given }: PersonMessage = {},
  ): Promise<PlatformEvent & { type: 'message' }> {
    const messageId = given.messageId ?? randomUUID();
    const named = pictures.map((bytes, index) => ({ name: `picture-${index + 1}.png`, bytes }));
    const attachments = [...named, ...files].map(({ bytes, ...file }) => {
      const url = `memory:${randomUUID()}`;
      this.#files.set(url, bytes);
      return { url, ...file };
    });
    const event = {
      type: 'message' as const,
      eventId: `posted ${messageId}`,
      tenant: 'tenant',
      conversationKey: 'general',
      author: { id: 'ana', name: 'Ana' },
      postedAtMs: Date.now(),
      ...given,
      messageId,
      text,
      attachments,
    };
    await this.deliver(event);
    return event;
  }

  /**
   * A person presses the button with this label; resolves with the event of the call when the bot has accepted it.
   * Throws `store.notFound` where there is no such button, and `option.invalid` for a value that it does not ask for.
   */
  async press(
    label: string,
    { values = {}, postId, author }: ButtonPressing = {},
  ): Promise<PlatformEvent & { type: 'message' }> {
    const isMeant = (action: ReplyAction) => action.label === label;
    const post = this.posts.findLast(
      ({ id, actions }) => actions.some(isMeant) && (postId === undefined || id === postId),
    );
    const action = post?.actions.find(isMeant);
    if (post === undefined || action === undefined) {
      const labels = this.posts.flatMap(({ actions }) => actions.map((each) => each.label));
      throw new VistazoError(
        'store.notFound',
        `There is no button ${JSON.stringify(label)}; there are [${labels.join(', ')}].`,
      );
    }
    const { tenant, conversationKey } = post;
    const who = author === undefined ? {} : { author };
    const command = calledAction(action, filledIn(action, values), this.commands);
    return this.say('', { tenant, conversationKey, ...who, command });
  }

  /** A person says what they think of the answer to a message, by default to the last that was answered. */
  async rate(
    rating: Rating | null,
    { messageId, comment }: { messageId?: string; comment?: string } = {},
  ): Promise<void> {
    const last = this.posts.findLast(
      (post) => messageId === undefined || post.messageId === messageId,
    );
    if (last === undefined) throw new VistazoError('store.notFound', 'There is no answer to rate.');
    await this.deliver({
      type: 'feedback',
      eventId: `rated ${randomUUID()}`,
      tenant: last.tenant,
      conversationKey: last.conversationKey,
      messageId: last.messageId,
      author: { id: 'ana', name: 'Ana' },
      rating,
      ...(comment !== undefined && { comment }),
    });
  }

  /** The platform delivers an event, as it may do twice. */
  async deliver(event: PlatformEvent): Promise<'accepted' | 'known' | 'refused'> {
    if (this.#host === undefined) {
      throw new VistazoError('engine.closed', 'The bot does not listen; start it first.');
    }
    return this.#host.receive(event);
  }

  /** A tenant takes the bot out. */
  async leave(tenant = 'tenant'): Promise<void> {
    await this.#host?.forget(tenant);
  }

  /** What people see as the answer to a message, its messages joined, once `isAsWanted` (default: there is any). */
  async answerTo(
    messageId: string,
    isAsWanted: (text: string) => boolean = (text) => text !== '',
  ): Promise<string> {
    for (;;) {
      const changed = this.#changed.promise;
      const text = this.textFor(messageId);
      if (isAsWanted(text)) return text;
      await changed;
    }
  }

  /** What people see now as the answer to a message, its messages joined. */
  textFor(messageId: string): string {
    const answers = this.posts.filter((post) => post.messageId === messageId);
    return answers.map(({ text }) => text).join('\n');
  }

  async fetch(url: string): Promise<Uint8Array> {
    await this.beforeCall('fetch');
    const bytes = this.#files.get(url);
    if (bytes === undefined) throw new VistazoError('fetch.failed', 'The file is gone.');
    return bytes;
  }

  async post(
    { idempotencyKey, isAnnouncement = false, actions = [], pictures = [], ...said }: ReplyPost,
    { signal }: { signal: AbortSignal },
  ): Promise<string> {
    await this.beforeCall('post');
    signal.throwIfAborted();
    const known = this.#postsOfKeys.get(idempotencyKey);
    if (known !== undefined) return known.id;
    const post = { ...said, actions, pictures, id: randomUUID(), isAnnouncement, edits: 0 };
    this.#postsOfKeys.set(idempotencyKey, post);
    this.posts.push(post);
    this.#change();
    return post.id;
  }

  async edit(
    { postId, actions = [] }: PostedReply,
    text: string,
    { signal }: { signal: AbortSignal },
  ): Promise<void> {
    await this.beforeCall('edit');
    signal.throwIfAborted();
    const post = this.posts.find(({ id }) => id === postId);
    if (post === undefined) throw new VistazoError('store.notFound', `There is no post ${postId}.`);
    post.text = text;
    post.actions = actions;
    post.edits += 1;
    this.#change();
  }

  async remove({ postId }: PostedReply): Promise<void> {
    await this.beforeCall('remove');
    const index = this.posts.findIndex(({ id }) => id === postId);
    if (index >= 0) this.posts.splice(index, 1);
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** What is filled in where it is not left as it is shown. Throws `option.invalid`. */
function filledIn(
  { label, ask = [] }: ReplyAction,
  values: Readonly<Record<string, string>>,
): Map<string, string> {
  const strange = Object.keys(values).find((name) => ask.every(({ option }) => option !== name));
  if (strange !== undefined) {
    const asked = ask.map(({ option }) => option).join(', ');
    throw new VistazoError(
      'option.invalid',
      `The button ${JSON.stringify(label)} does not ask for ${strange}; it asks for [${asked}].`,
    );
  }
  return new Map(ask.map(({ option, value = '' }) => [option, values[option] ?? value]));
}
