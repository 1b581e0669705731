import { codeRanges } from './code-ranges.js';

/** Which links in an answer stay links. */
export type LinkPolicy =
  /** Those that people wrote in the conversation. */
  | 'fromConversation'
  /** All. */
  | 'all';

/** Nothing is seen of it, and no platform takes what it stands in for a mention. */
const zeroWidthSpace = '\u200B';

/** Mentions of people, groups and channels as platforms write them: `<@…>`, `<#…>`, `<!…>`, `</…>`. */
const bracketMention = /<(?=[@#!&/])/g;
const massMention = /@(?=everyone|here|channel)/gi;

/** What platforms make a link of: an address with its scheme, or one that begins with `www.`. */
const address = /(?:[a-z][a-z0-9+.-]{0,30}:\/\/|www\.)[^\s<>|]*/giu;
/** Schemes that open something without `//`. */
const bareScheme = /\b(mailto|tel|sms|javascript|data|file|vbscript|callto|facetime):(?=\S)/giu;
/** Mentions, each whole, so that other code that looks similar, such as `</div>` and `<!-- -->`, is left alone. */
const mentionInCode =
  /<(?=[@#][!&]?[\w-]+[>|]|!(?:everyone|here|channel|group|subteam\^|date\^)|\/[\w -]{1,100}:\d+>)/gi;
const massMentionInCode = /@(?=(?:everyone|here|channel)\b)/gi;

const punctuation = new Set('.,;:!?…*_~"\'`()[]{}');

/**
 * An answer of a model as it may be posted: it can mention nobody, and has no live link besides
 * those in `known` ({@link linksIn}), unless `links` is `all`. Other addresses stay readable:
 * `https[:]//example.org`. Code, where platforms make no links, is left as it is but for whole mentions.
 */
export function harmlessText(text: string, links: LinkPolicy, known: ReadonlySet<string>): string {
  let harmless = '';
  let at = 0;
  for (const { start, end } of codeRanges(text)) {
    harmless += harmlessProse(text.slice(at, start), links, known);
    harmless += harmlessCode(text.slice(start, end));
    at = end;
  }
  return harmless + harmlessProse(text.slice(at), links, known);
}

/** What of a text is no code. */
export function proseOf(text: string): string {
  let prose = '';
  let at = 0;
  for (const { start, end } of codeRanges(text)) {
    prose += `${text.slice(at, start)} `;
    at = end;
  }
  return prose + text.slice(at);
}

function harmlessCode(code: string): string {
  return code
    .replace(mentionInCode, `<${zeroWidthSpace}`)
    .replace(massMentionInCode, `@${zeroWidthSpace}`);
}

function harmlessProse(text: string, links: LinkPolicy, known: ReadonlySet<string>): string {
  const mute = text
    .replace(bracketMention, `<${zeroWidthSpace}`)
    .replace(massMention, `@${zeroWidthSpace}`);
  if (links === 'all') return mute;
  return mute
    .replace(address, (found) => (known.has(normalised(found)) ? found : disarmed(found)))
    .replace(bareScheme, '$1[:]');
}

/** The addresses in what people wrote, in a form to compare them by. */
export function linksIn(texts: readonly string[]): Set<string> {
  return new Set(texts.flatMap((text) => text.match(address) ?? []).map(normalised));
}

function normalised(found: string): string {
  const bare = withoutPunctuation(found);
  const whole = /^www\./i.test(bare) ? `https://${bare}` : bare;
  return URL.canParse(whole) ? new URL(whole).href : whole;
}

function withoutPunctuation(found: string): string {
  let end = found.length;
  while (punctuation.has(found[end - 1] ?? '')) end -= 1;
  return found.slice(0, end);
}

function disarmed(found: string): string {
  return found.replaceAll('://', '[:]//').replace(/(www)\./gi, '$1[.]');
}
