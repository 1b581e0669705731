import type { Severity } from './ticket.js';

interface Kind {
  /** Words of English and Spanish messages. */
  says: RegExp;
  severity: Severity;
  nextStep: string;
}

/** Kinds of errors by what their messages say; the first one that fits counts. */
const kinds: readonly Kind[] = [
  {
    says: /data loss|lost data|corrupt|damaged|dañad|payment|pago|breach|leak/iu,
    severity: 'critical',
    nextStep: 'Find out whether data or money is at risk, and for how many people.',
  },
  {
    says: /password|log ?in|sign ?in|account|session|licen[cs]e|contraseña|sesión|cuenta|acceso|denied|permission/iu,
    severity: 'high',
    nextStep: 'Check the account and its permissions.',
  },
  {
    says: /server|network|connection|connect|time[d-]? ?out|offline|unavailable|respond|red\b|conexión|servidor/iu,
    severity: 'high',
    nextStep: 'Check whether the service can be reached, and for whom it cannot.',
  },
  {
    says: /disk|memory|space|quota|full|too large|espacio|memoria|disco|lleno/iu,
    severity: 'medium',
    nextStep: 'Check how much room is left on disk and in memory.',
  },
  {
    says: /not found|missing|no .*found|cannot (?:open|load)|could not (?:read|open|save)|no se (?:pudo|encontr)/iu,
    severity: 'medium',
    nextStep: 'Find out which file or device it is about, and whether it is there.',
  },
];

/** How grave an error is and what to do first, by the words of its message, for models that are too small to say. */
export function byItsWords(errorMessage: string): { severity: Severity; nextStep: string } {
  const kind = kinds.find(({ says }) => says.test(errorMessage));
  if (kind !== undefined) return { severity: kind.severity, nextStep: kind.nextStep };
  return {
    severity: errorMessage === '' ? 'low' : 'medium',
    nextStep: 'Ask what was done before it appeared.',
  };
}

/** Words and letters that texts of a language have and those of the others hardly. */
const languages: readonly [code: string, marks: RegExp][] = [
  [
    'es',
    /[ñ¿¡]|\b(?:el|la|los|las|se|está|hay|pudo|archivo|servidor|contraseña|acceso|denegado|página|de|del|un|una)\b/giu,
  ],
  ['de', /[äöüß]|\b(?:der|die|das|ist|nicht|konnte|wurde|und|ein|eine|datei)\b/giu],
  ['fr', /[çœ]|\b(?:le|les|est|pas|une|des|fichier|du|ne|impossible)\b/giu],
  [
    'en',
    /\b(?:the|is|was|not|could|cannot|found|has|your|to|failed|did|no|of|error|access|denied|file|server|password|invalid|unavailable|network|page|please|unable|connection)\b/giu,
  ],
];

/** Language of a short text by its commonest words, as a code of ISO 639-1; empty when nothing tells. */
export function languageOf(text: string): string {
  const counted = languages.map(([code, marks]) => ({
    code,
    count: text.match(marks)?.length ?? 0,
  }));
  const best = counted.reduce((a, b) => (b.count > a.count ? b : a));
  return best.count === 0 ? '' : best.code;
}
