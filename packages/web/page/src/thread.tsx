import { useEffect, useRef, useState } from 'preact/hooks';
import type { WireMessage, WireWaiting } from '../../src/wire.ts';
import { pictureUrl } from './api.ts';
import { IconButton } from './icons.tsx';
import { Seen } from './seen.tsx';
import { sentenceOf, type Texts } from './texts.ts';
import type { Chat } from './use-chat.ts';

/** The messages of the open conversation. */
export function Thread(props: { texts: Texts; chat: Chat; running: boolean }) {
  const { texts, chat, running } = props;
  const { messages = [], waiting = [], consent } = chat.state.conversation ?? {};
  return (
    <>
      <ol aria-label={texts.messages}>
        {messages.map((message) => (
          <Message key={message.id} texts={texts} chat={chat} message={message} running={running} />
        ))}
        {waiting.map((question) => (
          <Waiting key={question.id} texts={texts} question={question} />
        ))}
      </ol>
      <div class="below">
        <label class="consent">
          <input
            type="checkbox"
            checked={consent === true}
            onChange={(event) => void chat.setConsent(event.currentTarget.checked)}
          />
          {texts.consent}
        </label>
      </div>
    </>
  );
}

/** A question whose turn has not come. */
function Waiting({ texts, question }: { texts: Texts; question: WireWaiting }) {
  const { text, fileCount } = question;
  return (
    <li class="message user" data-status="waiting">
      {text !== '' && <div class="text">{text}</div>}
      {fileCount > 0 && <div class="aside">{texts.files(fileCount)}</div>}
      <div class="working">{texts.waiting}</div>
    </li>
  );
}

interface MessageProps {
  texts: Texts;
  chat: Chat;
  message: WireMessage;
  running: boolean;
}

function Message(props: MessageProps) {
  const { texts, chat, message } = props;
  const [editing, setEditing] = useState(false);
  const mine = message.role === 'user';
  const save = (text: string) => {
    setEditing(false);
    void chat.edit(message.id, text);
  };
  return (
    <li class={`message ${message.role}`} data-status={message.status}>
      <span class={mine ? 'who hidden' : 'who'}>
        {mine ? texts.you : (chat.state.session?.model.id ?? '')}
      </span>
      <Pictures texts={texts} message={message} />
      {editing ? (
        <Editor
          texts={texts}
          text={message.text}
          onSave={save}
          onCancel={() => setEditing(false)}
        />
      ) : (
        message.text !== '' && <div class="text">{message.text}</div>
      )}
      <Status texts={texts} chat={chat} message={message} />
      {!editing && <Actions {...props} onEdit={() => setEditing(true)} />}
      {message.seen !== undefined && <Seen texts={texts} seen={message.seen} />}
    </li>
  );
}

function Pictures({ texts, message }: { texts: Texts; message: WireMessage }) {
  if (message.pictures.length === 0) return null;
  return (
    <ul class="pictures">
      {message.pictures.map(({ id, name, widthPx, heightPx }, index) => (
        // Two pages of a document may look the same.
        <li key={`${index} ${id}`}>
          <a href={pictureUrl(id)} target="_blank" rel="noreferrer">
            <img
              src={pictureUrl(id)}
              alt={name ?? texts.picture(index + 1)}
              width={widthPx}
              height={heightPx}
              loading="lazy"
              style={{ width: 'auto', height: 'auto' }}
            />
          </a>
        </li>
      ))}
    </ul>
  );
}

function Status({ texts, chat, message }: { texts: Texts; chat: Chat; message: WireMessage }) {
  const { shownId, answering } = chat.state;
  const isStreaming = shownId !== undefined && answering.includes(shownId);
  if (message.status === 'running') {
    if (message.text === '') return <div class="working">{texts.thinking}</div>;
    return isStreaming ? null : <div class="working late">{texts.goesOnSoon}</div>;
  }
  if (message.status === 'failed')
    return <div class="failed">{message.error && sentenceOf(texts, message.error)}</div>;
  if (message.status === 'stopped') return <div class="aside">{texts.stopped}</div>;
  if (message.seen?.finishReason === 'length') return <div class="aside">{texts.cutByLength}</div>;
  if (message.seen?.finishReason === 'deadline')
    return <div class="aside">{texts.cutByDeadline}</div>;
  return null;
}

function Actions(props: MessageProps & { onEdit: () => void }) {
  const { texts, chat, message, running } = props;
  if (message.status === 'running') return null;
  return (
    <div class="actions">
      <Versions {...props} />
      {message.role === 'user' ? (
        <IconButton icon="edit" label={texts.edit} disabled={running} onClick={props.onEdit} />
      ) : (
        <AnswerActions {...props} />
      )}
      <IconButton
        icon="trash"
        label={texts.remove}
        disabled={running}
        onClick={() => void chat.deleteMessage(message.id)}
      />
    </div>
  );
}

function AnswerActions({ texts, chat, message, running }: MessageProps) {
  const rate = (rating: 'up' | 'down') =>
    void chat.rate(message.id, message.rating === rating ? null : rating);
  return (
    <>
      <IconButton
        icon="again"
        label={texts.regenerate}
        disabled={running}
        onClick={() => void chat.regenerate(message.id)}
      />
      <IconButton
        icon="up"
        label={texts.good}
        pressed={message.rating === 'up'}
        onClick={() => rate('up')}
      />
      <IconButton
        icon="down"
        label={texts.bad}
        pressed={message.rating === 'down'}
        onClick={() => rate('down')}
      />
    </>
  );
}

function Versions({ texts, chat, message, running }: MessageProps) {
  const index = message.versions.indexOf(message.id);
  const count = message.versions.length;
  if (count < 2) return null;
  const show = (at: number) => {
    const id = message.versions[at];
    if (id !== undefined) void chat.show(id);
  };
  return (
    <>
      <IconButton
        icon="previous"
        label={texts.previousVersion}
        disabled={running || index === 0}
        onClick={() => show(index - 1)}
      />
      <span class="version">{texts.versionOf(index + 1, count)}</span>
      <IconButton
        icon="next"
        label={texts.nextVersion}
        disabled={running || index === count - 1}
        onClick={() => show(index + 1)}
      />
    </>
  );
}

function Editor(props: {
  texts: Texts;
  text: string;
  onSave: (text: string) => void;
  onCancel: () => void;
}) {
  const { texts, onSave, onCancel } = props;
  const [text, setText] = useState(props.text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onCancel();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    onSave(text);
  };
  return (
    <div class="editor">
      <textarea
        ref={field}
        aria-label={texts.edit}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div>
        <button type="button" class="button" onClick={onCancel}>
          {texts.cancel}
        </button>
        <button type="button" class="button primary" onClick={() => onSave(text)}>
          {texts.save}
        </button>
      </div>
    </div>
  );
}
