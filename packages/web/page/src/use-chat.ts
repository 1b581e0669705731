import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { WireConversation, WireEvent, WireSession, WireSummary } from '../../src/wire.ts';
import { ApiError, api } from './api.ts';
import { addressedId, setAddress } from './page-address.ts';
import { sentenceOf, type Texts } from './texts.ts';

/** Everything the page knows. */
export interface ChatState {
  session: WireSession | undefined;
  needsSecret: boolean;
  summaries: WireSummary[];
  /** The conversation that the address names; absent where a new one would begin. */
  shownId: string | undefined;
  /** Absent until it is loaded. */
  conversation: WireConversation | undefined;
  /** Ids of the conversations whose answers are streaming into this page. */
  answering: readonly string[];
  /** Whether a message is on its way that no conversation has yet. */
  sending: boolean;
  /** How many messages this page has sent. */
  sentCount: number;
  /** Whether the server could be reached when it was last tried. */
  connected: boolean;
  error: string | undefined;
}

/** The state of the page and what a person can do with it. */
export type Chat = ReturnType<typeof useChat>;

const empty: ChatState = {
  session: undefined,
  needsSecret: false,
  summaries: [],
  shownId: undefined,
  conversation: undefined,
  answering: [],
  sending: false,
  sentCount: 0,
  connected: true,
  error: undefined,
};

/** How often is looked whether an answer goes on that nobody streams at the moment. */
const lookEveryMs = 1000;
/** How long is waited between tries to reach the server. */
const retryMs = { first: 500, most: 5000 };

/** Whether an answer is being made, or a question waits for one. */
export function isUnfinished({ messages, waiting }: WireConversation): boolean {
  return waiting.length > 0 || messages.some(({ status }) => status === 'running');
}

/** Keeps the page's state in step with the server. */
export function useChat(texts: Texts) {
  const said = useRef(texts);
  said.current = texts;
  const [state, setState] = useState(empty);
  const change = useCallback(
    (part: Partial<ChatState>) => setState((old) => ({ ...old, ...part })),
    [],
  );
  const shownId = useRef<string | undefined>(undefined);
  /** How often a conversation was opened: who went elsewhere meanwhile is not called back. */
  const visits = useRef(0);
  /** The newest stream and watch of each conversation; an older one of the same is left. */
  const streams = useRef(new Map<string, symbol>());
  const watches = useRef(new Map<string, symbol>());
  const reconnecting = useRef(false);

  /** Set below; what fails on the way there tries it. */
  const reconnect = useRef(async () => {});

  const attempt = useCallback(
    async (work: () => Promise<void>): Promise<boolean> => {
      try {
        change({ error: undefined });
        await work();
        return true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.code === 'connection') {
          change({ connected: false });
          void reconnect.current();
          return false;
        }
        const sentence = sentenceOf(said.current, error);
        setState((old) => {
          const locked = error.code === 'access.secret';
          // Only who has tried a secret is told that it is wrong.
          const isFirst = locked && !old.needsSecret;
          return {
            ...old,
            needsSecret: old.needsSecret || locked,
            error: isFirst ? undefined : sentence,
          };
        });
        return false;
      }
    },
    [change],
  );

  const refreshList = useCallback(
    async () => change({ summaries: await api.conversations() }),
    [change],
  );

  const goTo = useCallback(
    (id: string | undefined, how: 'push' | 'replace' | 'keep', conversation?: WireConversation) => {
      const isSame = shownId.current === id;
      // To stay is no visit: what was asked meanwhile is still wanted here.
      if (!isSame || how !== 'keep') visits.current += 1;
      shownId.current = id;
      if (how !== 'keep') setAddress(id, how);
      setState((old) => ({
        ...old,
        shownId: id,
        conversation: conversation ?? (isSame ? old.conversation : undefined),
      }));
    },
    [],
  );

  /** Shows a conversation as it is stored, if it is still the one on the page. */
  const refresh = useCallback(
    async (id: string): Promise<WireConversation> => {
      const conversation = await api.conversation(id);
      if (shownId.current === id) change({ conversation });
      return conversation;
    },
    [change],
  );

  /**
   * Shows events as they come, if their conversation is still the one on the page. Gives the last state of it that
   * they brought.
   */
  const follow = useCallback(
    async (
      id: string,
      events: AsyncIterable<WireEvent>,
      onStored = (_: boolean) => {},
    ): Promise<WireConversation | undefined> => {
      const stream = Symbol(id);
      const isNewest = () => streams.current.get(id) === stream;
      streams.current.set(id, stream);
      let last: WireEvent['type'] | undefined;
      let shown: WireConversation | undefined;
      try {
        for await (const event of events) {
          if (last === undefined) change({ answering: [...streams.current.keys()] });
          if (event.type === 'waiting' || event.type === 'accepted') onStored(true);
          if (event.type === 'failed' && event.conversation === undefined) {
            onStored(false);
            // It does not wait any more.
            if (last === 'waiting') await refresh(id).catch(() => {});
            throw new ApiError(event.error);
          }
          last = event.type;
          if ('conversation' in event) shown = event.conversation;
          if (!isNewest()) return shown;
          if (shownId.current === id)
            setState((old) => ({ ...old, conversation: apply(old.conversation, event) }));
          if (event.type === 'waiting' || event.type === 'accepted') await refreshList();
        }
        if (last !== undefined && last !== 'end' && last !== 'failed')
          throw new ApiError({ code: 'connection', message: '' });
        return shown;
      } finally {
        if (isNewest()) streams.current.delete(id);
        change({ answering: [...streams.current.keys()] });
      }
    },
    [change, refresh, refreshList],
  );

  /** Goes on showing answers that this page did not ask for, or no longer listens to, until there are none. */
  const watch = useCallback(
    (id: string) =>
      attempt(async () => {
        const mine = Symbol(id);
        watches.current.set(id, mine);
        const isWanted = () => shownId.current === id && watches.current.get(id) === mine;
        while (isWanted()) {
          const streamed = await follow(id, api.answer(id));
          if (!isWanted() || !isUnfinished(await refresh(id))) return;
          if (streamed === undefined) await pause(lookEveryMs);
        }
      }),
    [attempt, follow, refresh],
  );

  const open = useCallback(
    (id: string | undefined, how: 'push' | 'replace' | 'keep' = 'push') =>
      attempt(async () => {
        goTo(id, how);
        if (id === undefined) return;
        try {
          if (isUnfinished(await refresh(id))) void watch(id);
        } catch (error) {
          const isGone = error instanceof ApiError && error.code === 'store.notFound';
          if (isGone && shownId.current === id) goTo(undefined, 'replace');
          throw error;
        }
      }),
    [attempt, goTo, refresh, watch],
  );

  const load = useCallback(
    () =>
      attempt(async () => {
        change({ session: await api.session(), needsSecret: false, connected: true });
        await refreshList();
        await open(addressedId(), 'keep');
      }),
    [attempt, change, open, refreshList],
  );
  useEffect(() => {
    void load();
    const onMove = () => {
      const id = addressedId();
      if (id !== shownId.current) void open(id, 'keep');
    };
    addEventListener('hashchange', onMove);
    return () => removeEventListener('hashchange', onMove);
  }, [load, open]);

  reconnect.current = async () => {
    if (reconnecting.current) return;
    reconnecting.current = true;
    let ms = retryMs.first;
    do {
      await pause(ms);
      ms = Math.min(2 * ms, retryMs.most);
    } while (!(await canReach()));
    reconnecting.current = false;
    await load();
  };

  /** Shows an answer that this page asks for, and those to the questions of other pages that wait behind it. */
  const ask = async (
    id: string,
    events: AsyncIterable<WireEvent>,
    onStored?: (isStored: boolean) => void,
  ): Promise<void> => {
    const last = await follow(id, events, onStored);
    if (last !== undefined && isUnfinished(last)) void watch(id);
  };

  const onShown = async (work: (id: string) => Promise<unknown>) => {
    const id = shownId.current;
    if (id !== undefined) await attempt(async () => void (await work(id)));
  };

  /** Shows an answer to a message that begins a conversation, which has an id from its first event on. */
  const followNew = async (
    events: AsyncGenerator<WireEvent>,
    onStored: (isStored: boolean) => void,
  ): Promise<void> => {
    const visit = visits.current;
    const { value: first, done } = await events.next();
    if (done) throw new ApiError({ code: 'connection', message: '' });
    if (first.type === 'failed') throw new ApiError(first.error);
    if (!('conversation' in first)) return;
    const { conversation } = first;
    const { id } = conversation;
    if (visits.current === visit) goTo(id, 'push', conversation);
    change({ sending: false });
    try {
      await ask(id, startingWith(first, events), onStored);
    } catch (error) {
      // What was stopped before its turn leaves no conversation.
      const isGone = error instanceof ApiError && error.code === 'generation.aborted';
      if (isGone && shownId.current === id) goTo(undefined, 'replace');
      if (isGone) await refreshList();
      throw error;
    }
  };

  return {
    state,
    open,
    load,
    showError: (error: string | undefined) => change({ error }),
    logIn: (secret: string) =>
      attempt(async () => void ((await api.logIn(secret)) && (await load()))),
    /** Whether the message was stored, so that the draft may be cleared. */
    async send(text: string, pictures: readonly File[]): Promise<boolean> {
      let stored = false;
      const onStored = (isStored: boolean) => {
        if (isStored && !stored) setState((old) => ({ ...old, sentCount: old.sentCount + 1 }));
        stored = isStored;
      };
      const id = shownId.current;
      change({ sending: true });
      await attempt(() =>
        id === undefined
          ? followNew(api.begin(text, pictures), onStored)
          : ask(id, api.send(id, text, pictures), onStored),
      );
      change({ sending: false });
      return stored;
    },
    edit: (messageId: string, text: string) =>
      onShown((id) => ask(id, api.edit(id, messageId, text))),
    regenerate: (messageId: string) => onShown((id) => ask(id, api.regenerate(id, messageId))),
    stop: () => onShown((id) => api.stop(id)),
    rate: (messageId: string, rating: 'up' | 'down' | null) =>
      onShown(async (id) => change({ conversation: await api.rate(id, messageId, rating) })),
    show: (messageId: string) =>
      onShown(async (id) => change({ conversation: await api.show(id, messageId) })),
    setConsent: (consent: boolean) =>
      onShown(async (id) => {
        // At once: the box would jump back while the server is asked.
        setState(withConsent(id, consent));
        try {
          change({ conversation: await api.setConsent(id, consent) });
        } catch (error) {
          setState(withConsent(id, !consent));
          throw error;
        }
      }),
    deleteMessage: (messageId: string) =>
      onShown(async (id) => change({ conversation: await api.deleteMessage(id, messageId) })),
    deleteConversation: (id: string) =>
      attempt(async () => {
        await api.deleteConversation(id);
        if (shownId.current === id) await open(undefined, 'replace');
        await refreshList();
      }),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether the server answers at all. */
async function canReach(): Promise<boolean> {
  try {
    await api.session();
    return true;
  } catch (error) {
    return !(error instanceof ApiError && error.code === 'connection');
  }
}

async function* startingWith<Item>(first: Item, rest: AsyncIterable<Item>): AsyncGenerator<Item> {
  yield first;
  yield* rest;
}

function withConsent(id: string, consent: boolean): (state: ChatState) => ChatState {
  return (state) =>
    state.conversation?.id === id
      ? { ...state, conversation: { ...state.conversation, consent } }
      : state;
}

function apply(
  conversation: WireConversation | undefined,
  event: WireEvent,
): WireConversation | undefined {
  if ('conversation' in event) return event.conversation;
  if (event.type === 'failed') return conversation;
  const answer = conversation?.messages.at(-1);
  if (conversation === undefined || answer === undefined) return conversation;
  const changed = { ...answer, ...changeOf(answer.text, event) };
  return { ...conversation, messages: [...conversation.messages.slice(0, -1), changed] };
}

function changeOf(
  text: string,
  event: Extract<WireEvent, { type: 'prompt' | 'text' | 'restart' }>,
) {
  if (event.type === 'prompt') return { seen: event.seen };
  return { text: event.type === 'text' ? text + event.text : '' };
}
