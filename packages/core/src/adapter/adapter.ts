import type { LeftOut } from '../conversation/context-plan.js';
import type { MessageId, PictureProvenance } from '../conversation/message.js';
import type { SeenPicture } from '../generation/generation-event.js';
import type { FetchOptions } from '../media/guarded-fetch.js';
import type { AdapterStorage } from './adapter-storage.js';
import type { CommandDescription } from './command-description.js';
import type { MessageEvent, PlatformEvent } from './platform-event.js';
import type { ReplyAction } from './reply-action.js';

/**
 * What a platform can do; the bot and its plugins ask these, never the platform's name. What is not
 * said, it cannot.
 */
export interface AdapterCapabilities {
  /** Most characters (UTF-16 units) of one posted message; longer answers go on in further ones. */
  maxTextLength: number;
  /** Whether a posted message can be changed; answers grow in place then. */
  editMessages: boolean;
  /** Least time between two changes of the same message. */
  editIntervalMs: number;
  /**
   * Whether `edit` itself sees to how much of a growing text is sent, such as what it has more than before, so that
   * it may be asked for every word.
   */
  nativeStreaming?: boolean;
  /** Whether answers stand in a thread of their own. */
  threads?: boolean;
  /** Whether a message can be shown to one person alone. */
  ephemeralAnswers?: boolean;
  /** Whether posts can have buttons: those of `ReplyPost.actions`, and such as stop or rate an answer. */
  buttons?: boolean;
  /** Whether a command can ask for its options in a dialog, one that a button calls too. */
  modals?: boolean;
  /** Whether a command can be called on a message that is there already. */
  messageCommands?: boolean;
  /**
   * Whether commands have a form of their own; where not, the bot reads them from messages such as `/name key=value`,
   * and answers one that there is not with those that there are.
   */
  commands?: boolean;
  /** Whether commands are read from messages all the same, as where those of the platform cannot be called in threads. */
  writtenCommands?: boolean;
  /** Whether files can be posted. */
  fileUpload?: boolean;
  /** Which pictures a post can show (`ReplyPost.pictures`); absent where it can show none. */
  postedPictures?: PostedPictureLimits;
  /**
   * Whether people see the conversations of the store themselves: posts of answers need not be shown
   * then, those of announcements are.
   */
  readsStore?: boolean;
}

/** What a platform takes of pictures in a post. */
export interface PostedPictureLimits {
  /** Most pictures of one post. */
  maxPerPost: number;
  /** Most bytes of each. */
  maxBytes: number;
  /** Most bytes of all of one post together. Default: as many as they have. */
  maxTotalBytes?: number;
}

/** Where an answer goes. */
export interface ReplyTarget {
  tenant: string;
  /** Where it is that of a private conversation, the answer is shown to its person alone or not at all. */
  conversationKey: string;
  /** The message that is answered; of an announcement an id of its own, which the platform does not know. */
  messageId: string;
  /** True for what a plugin says unasked: it answers no message. */
  isAnnouncement?: boolean;
}

/** A picture that a post shows: a PNG without metadata, made in the media process. */
export interface PostedPicture {
  bytes: Uint8Array;
  mediaType: string;
  /** File name, 1 to 100 letters, digits and `. _ -`. */
  name: string;
  /** For people who do not see it; 1 to 1,000 characters. */
  description: string;
}

/** One message of an answer. */
export interface ReplyPost extends ReplyTarget {
  text: string;
  /** What people can press below it, at most 5; who presses calls the command. Only where there are `buttons`. Default none. */
  actions?: readonly ReplyAction[];
  /** Shown with it, as many and as large as `postedPictures` says. Such a post is not changed later. Default none. */
  pictures?: readonly PostedPicture[];
  /**
   * Unique for this message of this answer, 24 characters of `A-Z a-z 0-9 _ -`. A bot that died
   * before it learnt that it had posted posts again with the same key.
   */
  idempotencyKey: string;
  /**
   * True where an earlier attempt, of this process or another one, may have posted it already. A platform that knows
   * no keys is looked through for it then. Default false.
   */
  mayBePosted?: boolean;
}

/** How a message is posted or changed. */
export interface WriteOptions {
  signal: AbortSignal;
  /**
   * What its text completes: the message, which does not grow any more, or the answer, whose last message it is.
   * Undefined while it grows. Where there is `nativeStreaming` each message is completed once, also with a text that
   * it says already.
   */
  completes?: 'message' | 'answer';
}

/** A message that the bot posted. */
export interface PostedReply extends ReplyTarget {
  /** What {@link Adapter.post} gave. */
  postId: string;
  /** Of a change: what people can press below it from then on, in place of what was there. Default none. */
  actions?: readonly ReplyAction[];
}

/** Where a message stands while it waits. */
export interface Standing {
  /** From 1, the one that is answered next. */
  position: number;
  /** Until its answer begins, as far as can be told from those before. */
  estimateMs?: number;
}

/** What happens on the way to an answer, for adapters that show more than posts. */
export type AnsweringEvent =
  /** The question, if there is a new one, and the answer that is to be made are in the store. */
  | { type: 'taken'; questionId?: MessageId; answerId: MessageId }
  /** The model begins; what it sees. */
  | {
      type: 'prompt';
      pictures: SeenPicture[];
      promptTokens: number;
      imageTokens: number;
      leftOut: LeftOut[];
    }
  /** All that it has said by now, harmless; shorter than before when it begins anew. */
  | { type: 'text'; text: string }
  /** The answer is in the store, and posted. */
  | { type: 'ended' };

/** A file whose bytes an adapter has already. */
export interface ReceivedFile {
  /** The `url` of its attachment. */
  url: string;
  bytes: Uint8Array;
}

/** A message that the bot accepted. */
export type KnownMessage = Pick<ReplyTarget, 'tenant' | 'conversationKey' | 'messageId'>;

/** What went to the model for an answer. */
export interface SeenForAnswer {
  /**
   * In the order in which the model saw them; without provenance and the number by which models, plugins
   * and answers call it where their message is gone.
   */
  pictures: (SeenPicture & { provenance?: PictureProvenance; number?: number })[];
  promptTokens: number;
  /** Tokens of the pictures, of `promptTokens`. */
  imageTokens: number;
  /** What did not fit into the context. */
  leftOut: LeftOut[];
  /** A sentence for each file that could not be used, or of which only a part is looked at. */
  notes: readonly string[];
}

/** An answer that the bot gave somebody. */
export interface GivenAnswer extends KnownMessage {
  /** When its question was written, in milliseconds since 1970. */
  askedAtMs: number;
  /** How the answer begins, in one line of at most 200 characters (UTF-16 units). */
  beginning: string;
}

/** Which model answers, for people who want to know. */
export interface AnsweringModel {
  /** Hub id or folder name. */
  id: string;
  /** Whether pictures and texts stay on the bot's machine or are sent to the operator's server. */
  runs: 'here' | 'server';
  /** Most tokens of prompt and answer together. */
  contextLengthTokens: number;
  /** Whether it looks at pictures. */
  images: boolean;
}

/** What an adapter can ask of the bot. */
export interface AdapterHost {
  /** The commands that the bot's plugins have at the moment, for platforms where commands are made known. */
  readonly commands: readonly CommandDescription[];
  readonly model: AnsweringModel;
  /**
   * Hands over an event. When it resolves, the event is stored for good and may be acknowledged;
   * `known` when it came before; `refused` when it is not answered: a limit was reached, which the person is told once a minute, or
   * the bot is busy with the conversation (`whileBusy: 'drop'`). Throws `option.invalid` for what is no event, and `store.failed`
   * when it could not be stored: then the platform should deliver it again. `files` are stored with it,
   * and not fetched; default none.
   */
  receive(
    event: PlatformEvent,
    files?: readonly ReceivedFile[],
  ): Promise<'accepted' | 'known' | 'refused'>;
  /**
   * Forgets all of a tenant that took the bot out, or of a person in it who asks for that, as `Bot.forget`
   * does. Throws what that throws: what is
   * left is not forgotten yet, and the adapter asks again.
   */
  forget(tenant: string, personId?: string): Promise<void>;
  /**
   * The latest message that was accepted in each conversation that is not private, of those posted since a time (in
   * milliseconds since 1970), the newest first, of at most `maxConversations` (default 500): where to look for what came in
   * while the bot was away. It is known for as long as messages are kept (`keepDays`).
   */
  recentMessages(sinceMs: number, maxConversations?: number): Promise<KnownMessage[]>;
  /**
   * Ids of the latest messages of a conversation that were handed over before, also of those that were deleted,
   * the newest first, at most `maxMessages` (default 100): those answered within the last 48 hours, and longer
   * ago where the bot was away. What happened to them meanwhile can be handed over again.
   */
  knownIn(conversation: Omit<KnownMessage, 'messageId'>, maxMessages?: number): Promise<string[]>;
  /**
   * Messages of a conversation that wait or are answered, in the order of arrival, also those that another process
   * took. Throws `store.failed`.
   */
  openMessages(conversation: Omit<KnownMessage, 'messageId'>): Promise<MessageEvent[]>;
  /** The tenants of which anything is kept that came by this adapter: some may have taken the bot out meanwhile. */
  tenants(): Promise<string[]>;
  /**
   * What the model saw for the latest answer to a message, also one of an earlier process. Undefined where no
   * model answered it (a plugin did, or nobody yet), or the answer is gone. Throws `store.failed`.
   */
  seenFor(message: KnownMessage): Promise<SeenForAnswer | undefined>;
  /**
   * What the adapter itself keeps of a tenant, such as its credentials there, in the bot's store; `forget`
   * deletes it with the tenant.
   */
  storage(tenant: string): AdapterStorage;
  /**
   * The latest answers to a person in a tenant, at most `limit` (1 to 20), the newest first; without those that
   * are not whole, were forgotten, or had nothing to say. Throws `store.failed`.
   */
  answersTo(tenant: string, personId: string, limit: number): Promise<GivenAnswer[]>;
  /**
   * The actions of a message that the bot posted, also in an earlier process, for platforms whose buttons have no
   * room for them. None where it had none, and 48 hours after its answer ended: what a button must know for longer
   * is kept in the button. Throws `store.failed`.
   */
  actionsOf(
    post: Pick<PostedReply, 'tenant' | 'conversationKey' | 'postId'>,
  ): Promise<readonly ReplyAction[]>;
}

/** Where a platform keeps the files that people post, and what it wants to see before it gives them. */
export interface AdapterFiles
  extends Required<Pick<FetchOptions, 'hosts'>>,
    Pick<FetchOptions, 'allowAddress' | 'resolveName'> {}

/** One thing that an adapter looked at, see {@link Adapter.check}. */
export interface AdapterFinding {
  ok: boolean;
  /** For the operator: what was found, and the mend where it is not well. */
  sentence: string;
}

/** What {@link Adapter.manifest} is made of. */
export interface ManifestOptions {
  /** Those of the bot's plugins. */
  commands: readonly CommandDescription[];
  /** What the bot is called. Default: the adapter's choice. */
  name?: string;
  /** Where the platform reaches the bot, such as `https://bot.example.com`, where it has to. */
  publicUrl?: string;
}

/**
 * One platform: turns its events into {@link PlatformEvent}s and posts answers. Every call may fail: it is
 * tried again, later and later and not before the `retryAfterMs` of its error, until the answer is posted or was
 * tried 60 times or, after ten times, for 24 hours. Two codes of errors end that at once. `platform.gone`: the place
 * is gone, or the bot may not write there. `platform.refused`: the platform never takes this message but may take
 * others; the person is told so in its place.
 */
export interface Adapter {
  /** Part of every key in the store, so it never changes. */
  readonly name: string;
  readonly capabilities: AdapterCapabilities;
  /** Whether it has its connection to the platform now. Default: it has, once it was started. */
  isReady?(): boolean;
  /**
   * Looks, without being started, whether the platform would take it as it is set up. What is wrong is among what it finds
   * and not thrown, but for the reason of the signal. Default: nothing is known.
   */
  check?(options: { signal: AbortSignal }): Promise<AdapterFinding[]>;
  /**
   * The description of an app that the platform takes when one is made there: JSON, with the rights that the bot
   * uses and no others. Default: the platform takes none. Throws `option.invalid`.
   */
  manifest?(options: ManifestOptions): Record<string, unknown>;
  /** Begins to hand over events. */
  start(host: AdapterHost): Promise<void>;
  /**
   * Told, while it is started, that {@link AdapterHost.commands} are others than before, so that it makes
   * these known. What it throws, such as for a command that the platform cannot have, is thrown by
   * `bot.plugins.reload`. Default: it asks the host for them when it needs them.
   */
  commandsChanged?(commands: readonly CommandDescription[]): Promise<void>;
  /** Hands over no more events; what was accepted may still be answered until `close`. Asked only when `start` resolved. */
  stop(): Promise<void>;
  /**
   * The hosts that attachments are fetched from, redirects included, and the credentials that each is sent.
   * Default: any public host, without credentials. Not together with `fetch`.
   */
  readonly files?: AdapterFiles;
  /** Bytes of an attachment; at most `maxBytes` are read. Default: `guardedFetch` of its address, see `files`. */
  fetch?(url: string, options: { maxBytes: number; signal: AbortSignal }): Promise<Uint8Array>;
  /**
   * Asked before an answer is made of which nothing was posted: throws `platform.gone` where it knows that
   * nothing can be posted, so that the job ends without the model. Default: it is found out by posting.
   */
  requireToPost?(target: ReplyTarget): void;
  /** Posts a message and gives its id. A second call with the same key gives the first one's id and posts nothing. */
  post(post: ReplyPost, options: WriteOptions): Promise<string>;
  /**
   * Whether the platform has room now for a message that grows, which takes several calls; asked before one is posted.
   * Where it has not, what it would have said is posted when it is whole. Default: it has.
   */
  mayGrow?(target: ReplyTarget): boolean;
  /** Changes a posted message; asked only when `editMessages` is true. */
  edit?(posted: PostedReply, text: string, options: WriteOptions): Promise<void>;
  /** Takes a posted message away, as when its question was deleted. Default: it stays. */
  remove?(posted: PostedReply, options: { signal: AbortSignal }): Promise<void>;
  /**
   * Tells a person where their message stands, once, when it waits longer. Default: a message in the place
   * of the answer says it, where messages can be edited.
   */
  showStanding?(
    target: ReplyTarget,
    standing: Standing,
    options: { signal: AbortSignal },
  ): Promise<void>;
  /** Shows that an answer is coming, as long as the bot asks. Default: nothing is shown. */
  showWorking?(target: ReplyTarget, options: { signal: AbortSignal }): Promise<void>;
  /** Told what happens on the way to an answer; it must not fail, and nothing waits for it. */
  answering?(target: ReplyTarget, event: AnsweringEvent): void;
  /**
   * Told while it is started that something of some tenants was forgotten, by any process on the store: it drops what
   * it keeps in memory of what people there said and are called, but for what answers under way need. It must not
   * fail. Default: it keeps no such thing.
   */
  forgotten?(isMeant: (tenant: string) => boolean): void;
  /** Frees what it holds; nothing is asked of it afterwards. */
  close?(): Promise<void>;
}
