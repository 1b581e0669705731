import { useLayoutEffect, useState } from 'preact/hooks';
import { Composer } from './composer.tsx';
import { Icon } from './icons.tsx';
import { Login } from './login.tsx';
import { Scroller } from './scroller.tsx';
import { Side } from './side.tsx';
import { firstLanguage, type LanguageCode, languages } from './texts.ts';
import { Thread } from './thread.tsx';
import { isUnfinished, useChat } from './use-chat.ts';
import { useDraft } from './use-draft.ts';
import { useDrop } from './use-drop.ts';
import { Welcome } from './welcome.tsx';

/** The whole page. */
export function App() {
  const [language, setLanguage] = useState<LanguageCode>(firstLanguage);
  const [menuOpen, setMenuOpen] = useState(false);
  const texts = languages[language];
  const chat = useChat(texts);
  const { session, shownId, conversation, needsSecret, answering, error } = chat.state;
  const draft = useDraft(session, texts, chat.showError);
  const dropping = useDrop(draft.addPictures);

  // With the words it names, not a frame after them.
  useLayoutEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem('language', language);
  }, [language]);

  const title = conversation?.title;
  // With what is shown, and not after it.
  useLayoutEffect(() => {
    document.title = title ? `${title} · Vistazo` : 'Vistazo';
  }, [title]);

  if (needsSecret) return <Login texts={texts} error={error} onSubmit={chat.logIn} />;
  const isBlank = conversation?.messages.length === 0 && conversation.waiting.length === 0;
  const isNew = shownId === undefined || isBlank;
  const last = conversation?.messages.at(-1);
  const isAnswering =
    conversation !== undefined &&
    (answering.includes(conversation.id) || isUnfinished(conversation));
  const running = isAnswering || chat.state.sending;
  return (
    <div class="layout">
      <Side
        texts={texts}
        chat={chat}
        language={language}
        onLanguage={setLanguage}
        open={menuOpen}
        onClose={() => setMenuOpen(false)}
      />
      <main class="main">
        <div class="menu">
          <button
            type="button"
            class="icon"
            aria-label={texts.showConversations}
            aria-expanded={menuOpen}
            onClick={() => setMenuOpen(true)}
          >
            <Icon name="menu" />
          </button>
          <span>{conversation?.title || 'Vistazo'}</span>
        </div>
        <Scroller jumpTo={isNew ? undefined : `${shownId} ${chat.state.sentCount}`}>
          {isNew ? (
            <Welcome texts={texts} onSample={draft.useSample} />
          ) : (
            conversation !== undefined && <Thread texts={texts} chat={chat} running={running} />
          )}
        </Scroller>
        <div class="composer">
          {!chat.state.connected && (
            <div class="alert" role="alert">
              {texts.connectionLost}
            </div>
          )}
          {error !== undefined && (
            <div class="alert" role="alert">
              <span>{error}</span>
              <button
                type="button"
                class="icon"
                aria-label={texts.cancel}
                onClick={() => chat.showError(undefined)}
              >
                <Icon name="close" />
              </button>
            </div>
          )}
          <Composer
            texts={texts}
            draft={draft}
            running={running}
            stoppable={isAnswering}
            onSend={chat.send}
            onStop={chat.stop}
          />
        </div>
        <div class="hidden" role="status" aria-live="polite">
          {running
            ? texts.thinking
            : last?.role === 'assistant'
              ? `${texts.answered} ${last.text}`
              : ''}
        </div>
        {dropping && <div class="drop">{texts.dropHere}</div>}
      </main>
    </div>
  );
}
