/**
 * A text of at most `maxLength` characters (UTF-16 units, 1 or more), which ends with … where there was more. No pair of
 * surrogates is cut: what is left of one is no text, and platforms make something else of it or refuse it.
 */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
