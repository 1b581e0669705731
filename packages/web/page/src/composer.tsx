import { useEffect, useRef } from 'preact/hooks';
import { Icon, IconButton } from './icons.tsx';
import type { Texts } from './texts.ts';
import { acceptedTypes, type Draft } from './use-draft.ts';

const maxHeightPx = 200;

/** Where a message is written and sent. Enter sends, Shift+Enter makes a new line, Escape stops. */
export function Composer(props: {
  texts: Texts;
  draft: Draft;
  /** Whether a message is on its way or being answered. */
  running: boolean;
  /** Whether there is an answer that can be stopped. */
  stoppable: boolean;
  onSend: (text: string, pictures: readonly File[]) => Promise<boolean>;
  onStop: () => void;
}) {
  const { texts, draft, running, stoppable, onStop } = props;
  const picker = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const sendable = !running && (draft.text.trim() !== '' || draft.pictures.length > 0);

  useEffect(() => {
    if (field.current === null) return;
    field.current.style.height = 'auto';
    field.current.style.height = `${Math.min(field.current.scrollHeight, maxHeightPx)}px`;
  }, [draft.text]);

  const send = () => {
    if (!sendable) return;
    const { text, pictures } = draft;
    draft.clear();
    const files = pictures.map(({ file }) => file);
    // What was not accepted comes back, so that nobody has to write it again.
    void props.onSend(text, files).then((accepted) => {
      if (!accepted) draft.restore(text, files);
    });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && stoppable) onStop();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {draft.pictures.length > 0 && (
        <ul class="pictures">
          {draft.pictures.map(({ file, previewUrl }, index) => (
            <li key={previewUrl}>
              {/^(application|video)\//.test(file.type) ? (
                <span class="file">{file.name}</span>
              ) : (
                <img src={previewUrl} alt={file.name} />
              )}
              <IconButton
                icon="close"
                label={`${texts.removePicture}: ${file.name}`}
                onClick={() => draft.removePicture(index)}
              />
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        <IconButton
          icon="picture"
          label={texts.addPictures}
          onClick={() => picker.current?.click()}
        />
        <input
          ref={picker}
          type="file"
          id="pictures"
          class="hidden"
          tabIndex={-1}
          aria-label={texts.addPictures}
          accept={acceptedTypes.join(',')}
          multiple
          onChange={(event) => {
            draft.addPictures([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        <textarea
          ref={field}
          id="question"
          rows={1}
          aria-label={texts.questionLabel}
          placeholder={texts.questionPlaceholder}
          value={draft.text}
          onInput={(event) => draft.setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        {running ? (
          <button type="button" class="button" disabled={!stoppable} onClick={onStop}>
            {texts.stop}
          </button>
        ) : (
          <button
            type="submit"
            class="button primary"
            disabled={!sendable}
            aria-label={texts.send}
            title={texts.send}
          >
            <span class="icon-text">
              <Icon name="send" />
            </span>
          </button>
        )}
      </div>
    </form>
  );
}
