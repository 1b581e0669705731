import { useState } from 'preact/hooks';
import type { Texts } from './texts.ts';

/** Asks for the secret of a page that is not bound to this machine alone. */
export function Login(props: {
  texts: Texts;
  error: string | undefined;
  onSubmit: (secret: string) => void;
}) {
  const { texts, error, onSubmit } = props;
  const [secret, setSecret] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit(secret);
  };
  return (
    <main>
      <form class="login" onSubmit={submit}>
        <h1>{texts.secretNeeded}</h1>
        <label for="secret">{texts.secretLabel}</label>
        <input
          id="secret"
          type="password"
          autocomplete="current-password"
          value={secret}
          onInput={(event) => setSecret(event.currentTarget.value)}
        />
        <button type="submit" class="button primary">
          {texts.logIn}
        </button>
        {error !== undefined && <p role="alert">{error}</p>}
      </form>
    </main>
  );
}
