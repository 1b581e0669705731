import { Icon, IconButton } from './icons.tsx';
import { type LanguageCode, languages, type Texts } from './texts.ts';
import type { Chat } from './use-chat.ts';

/** The list of conversations, which model answers, and the language. */
export function Side(props: {
  texts: Texts;
  chat: Chat;
  language: LanguageCode;
  onLanguage: (code: LanguageCode) => void;
  open: boolean;
  onClose: () => void;
}) {
  const { texts, chat, onClose } = props;
  const { summaries, shownId, session } = chat.state;
  const go = (id: string | undefined) => {
    void chat.open(id);
    onClose();
  };
  const remove = (id: string) => {
    if (confirm(texts.confirmDelete)) void chat.deleteConversation(id);
  };
  return (
    <aside
      class="side"
      data-open={props.open}
      aria-label={texts.conversations}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <div class="brand">
        <img src="./icon.svg" alt="" />
        Vistazo
        {props.open && (
          <IconButton icon="close" label={texts.hideConversations} onClick={onClose} />
        )}
      </div>
      <button type="button" class="button" onClick={() => go(undefined)}>
        {texts.newConversation}
      </button>
      <nav aria-label={texts.conversations}>
        {summaries.length === 0 && <p class="note">{texts.noConversations}</p>}
        <ul>
          {summaries.map(({ id, title }) => (
            <li key={id} data-current={id === shownId}>
              <button
                type="button"
                class="open"
                aria-current={id === shownId ? 'page' : undefined}
                onClick={() => go(id)}
              >
                {title || texts.untitled}
              </button>
              <button
                type="button"
                class="icon"
                title={texts.deleteConversation}
                aria-label={`${texts.deleteConversation}: ${title || texts.untitled}`}
                onClick={() => remove(id)}
              >
                <Icon name="trash" />
              </button>
            </li>
          ))}
        </ul>
      </nav>
      {session !== undefined && (
        <p class="note">
          {texts.answeredBy(session.model.id, session.model.runs)}
          {session.isEmbedded && ` ${texts.embeddedNote}`}
        </p>
      )}
      <footer>
        {Object.entries(languages).map(([code, { language }]) => (
          <button
            key={code}
            type="button"
            class="icon"
            lang={code}
            aria-pressed={code === props.language}
            onClick={() => props.onLanguage(code === 'es' ? 'es' : 'en')}
          >
            {language}
          </button>
        ))}
      </footer>
    </aside>
  );
}
