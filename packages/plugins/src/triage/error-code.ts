/** Forms of codes that are hardly anything else, in the order in which they are looked for. */
const patterns = [
  /\b0x[0-9a-f]{4,16}\b/iu,
  /\b(?:ERR|ERROR|E)_[A-Z][A-Z0-9_]*\b/u,
  /\b(?:[A-Z]{1,6}[-_]\d{2,6}|[A-Z]{1,3}\d{3,6})\b/u,
  /\b(?:error|code|status|código|fehler|erreur)\b[\s:#(]*(\d{3,6})\b/iu,
];

/** The error code that a text has, as it stands there; empty when there is none. */
export function errorCodeIn(text: string): string {
  for (const pattern of patterns) {
    const found = pattern.exec(text);
    if (found !== null) return found[1] ?? found[0];
  }
  return '';
}
