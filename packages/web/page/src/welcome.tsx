import type { Texts } from './texts.ts';

/** Where a sample picture of the page lies. */
export const sampleUrl = (name: string): string => `./samples/${name}.png`;

/** What an empty conversation shows: an invitation and sample pictures. */
export function Welcome(props: {
  texts: Texts;
  onSample: (name: string, question: string) => void;
}) {
  const { texts, onSample } = props;
  return (
    <div class="welcome">
      <h1>{texts.welcome}</h1>
      <p>{texts.welcomeHint}</p>
      <ul class="samples">
        {Object.entries(texts.samples).map(([name, [title = '', question = '']]) => (
          <li key={name}>
            <button type="button" data-sample={name} onClick={() => onSample(name, question)}>
              <img src={sampleUrl(name)} alt="" />
              <span>{title}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
