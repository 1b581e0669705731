/** The languages that the adapter itself speaks. */
export type Language = 'en' | 'es';

/** That of a locale of Discord's, such as `es-ES`; English for all others. */
export function languageOf(locale: string | null | undefined): Language {
  return locale?.startsWith('es') ? 'es' : 'en';
}

const sayings = {
  stop: { en: 'Stop', es: 'Parar' },
  again: { en: 'Again', es: 'Otra vez' },
  good: { en: 'Good', es: 'Bien' },
  bad: { en: 'Bad', es: 'Mal' },
  thanks: { en: 'Thank you.', es: 'Gracias.' },
  onlyAsker: {
    en: 'Only the person who asked can do that.',
    es: 'Solo puede hacerlo quien preguntó.',
  },
  questionGone: {
    en: 'The question is gone; ask again.',
    es: 'La pregunta ya no está; pregunta de nuevo.',
  },
  unknownCommand: {
    en: 'I do not know this command any more.',
    es: 'Ya no conozco esta orden.',
  },
  notTaken: {
    en: 'I do not answer this one; try again later.',
    es: 'A esto no respondo ahora; inténtalo más tarde.',
  },
  notStored: {
    en: 'I could not keep your question; please ask again.',
    es: 'No he podido guardar tu pregunta; por favor, pregunta de nuevo.',
  },
  askDescription: { en: 'Asks about pictures', es: 'Pregunta sobre imágenes' },
  askName: { en: 'ask', es: 'preguntar' },
  question: { en: 'Question', es: 'Pregunta' },
  questionDescription: { en: 'What you want to know', es: 'Lo que quieres saber' },
  pictureDescription: { en: 'A picture', es: 'Una imagen' },
  privateDescription: { en: 'Shows the answer to you alone', es: 'Solo tú ves la respuesta' },
  askAbout: { en: 'Ask about this picture', es: 'Preguntar por esta imagen' },
  describe: { en: 'Describe this picture', es: 'Describir esta imagen' },
  describeQuestion: { en: 'Describe the picture.', es: 'Describe la imagen.' },
} as const;

/** What the adapter says. */
export type Saying = keyof typeof sayings;

/** A sentence or name of the adapter's own. */
export function say(saying: Saying, language: Language): string {
  return sayings[saying][language];
}

/** A name or description in Discord's locales besides English. */
export function localized(saying: Saying): Record<'es-ES' | 'es-419', string> {
  const { es } = sayings[saying];
  return { 'es-ES': es, 'es-419': es };
}
