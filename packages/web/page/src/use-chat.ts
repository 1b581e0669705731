import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { WireConversation, WireEvent, WireSession, WireSummary } from '../../src/wire.ts';
import { ApiError, api } from './api.ts';
import { sentenceOf, type Texts } from './texts.ts';

/** Everything the page knows. */
export interface ChatState {
  session: WireSession | undefined;
  needsSecret: boolean;
  summaries: WireSummary[];
  conversation: WireConversation | undefined;
  /** Ids of the conversations whose answers are streaming into this page. */
  answering: readonly string[];
  error: string | undefined;
}

/** The state of the page and what a person can do with it. */
export type Chat = ReturnType<typeof useChat>;

const empty: ChatState = {
  session: undefined,
  needsSecret: false,
  summaries: [],
  conversation: undefined,
  answering: [],
  error: undefined,
};

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
  /** The newest stream of each conversation; an older one of the same is left. */
  const streams = useRef(new Map<string, symbol>());

  const attempt = useCallback(
    async (work: () => Promise<void>): Promise<boolean> => {
      try {
        change({ error: undefined });
        await work();
        return true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { connectionLost } = said.current;
        const sentence =
          error.code === 'connection' ? connectionLost : sentenceOf(said.current, error);
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

  /** Shows events as they come, if their conversation is still the one on the page. */
  const follow = useCallback(
    async (id: string, events: AsyncIterable<WireEvent>, onAccepted = () => {}): Promise<void> => {
      const stream = Symbol(id);
      const isNewest = () => streams.current.get(id) === stream;
      streams.current.set(id, stream);
      change({ answering: [...streams.current.keys()] });
      try {
        for await (const event of events) {
          if (event.type === 'failed' && event.conversation === undefined)
            throw new ApiError(event.error);
          if (event.type === 'accepted') onAccepted();
          if (!isNewest()) return;
          if (shownId.current === id)
            setState((old) => ({ ...old, conversation: apply(old.conversation, event) }));
          if (event.type === 'accepted') await refreshList();
        }
      } finally {
        if (isNewest()) streams.current.delete(id);
        change({ answering: [...streams.current.keys()] });
      }
    },
    [change, refreshList],
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

  /** Goes on showing an answer that this page did not ask for, or no longer listens to. */
  const followRunning = useCallback(
    (id: string) =>
      attempt(async () => {
        await follow(id, api.answer(id));
        await refresh(id);
      }),
    [attempt, follow, refresh],
  );

  const open = useCallback(
    (id: string | undefined) =>
      attempt(async () => {
        shownId.current = id;
        location.hash = id ?? '';
        if (id === undefined) return change({ conversation: undefined });
        const { messages } = await refresh(id);
        if (messages.at(-1)?.status === 'running') void followRunning(id);
      }),
    [attempt, change, followRunning, refresh],
  );

  const load = useCallback(
    () =>
      attempt(async () => {
        change({ session: await api.session(), needsSecret: false });
        await refreshList();
        const id = location.hash.slice(1);
        if (id !== '') await open(id);
      }),
    [attempt, change, open, refreshList],
  );
  useEffect(() => void load(), [load]);

  const onShown = async (work: (id: string) => Promise<unknown>) => {
    const id = shownId.current;
    if (id !== undefined) await attempt(async () => void (await work(id)));
  };

  return {
    state,
    open,
    load,
    showError: (error: string | undefined) => change({ error }),
    logIn: (secret: string) =>
      attempt(async () => void ((await api.logIn(secret)) && (await load()))),
    /** Whether the message was accepted, so that the draft may be cleared. */
    async send(text: string, pictures: readonly File[]): Promise<boolean> {
      let accepted = false;
      await attempt(async () => {
        const id = shownId.current ?? (await api.createConversation()).id;
        if (shownId.current === undefined) await open(id);
        await follow(id, api.send(id, text, pictures), () => {
          accepted = true;
        });
      });
      return accepted;
    },
    edit: (messageId: string, text: string) =>
      onShown((id) => follow(id, api.edit(id, messageId, text))),
    regenerate: (messageId: string) => onShown((id) => follow(id, api.regenerate(id, messageId))),
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
        if (shownId.current === id) await open(undefined);
        await refreshList();
      }),
  };
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
  if (event.type === 'accepted' || event.type === 'end' || event.type === 'failed')
    return event.conversation;
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
