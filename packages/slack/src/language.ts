import { commonSayings, type Language } from '@vistazo/core/adapter-kit';

const sayings = {
  ...commonSayings,
  askAbout: { en: 'Ask about this picture', es: 'Preguntar por la imagen' },
  describeThis: { en: 'Describe this picture', es: 'Describir la imagen' },
  send: { en: 'Send', es: 'Enviar' },
  cancel: { en: 'Cancel', es: 'Cancelar' },
  close: { en: 'Close', es: 'Cerrar' },
  yes: { en: 'Yes', es: 'Sí' },
  no: { en: 'No', es: 'No' },
  choose: { en: 'Choose', es: 'Elige' },
  pictures: { en: 'Pictures', es: 'Imágenes' },
  morePictures: { en: 'More pictures', es: 'Más imágenes' },
  picturesHint: {
    en: 'Up to 10: PNG, JPEG, GIF, WebP or PDF.',
    es: 'Hasta 10: PNG, JPEG, GIF, WebP o PDF.',
  },
  failed: {
    en: 'That did not work; please try again.',
    es: 'Eso no ha funcionado; inténtalo de nuevo.',
  },
  notInChannel: {
    en: 'I am not in that channel, so I could not answer you there. Invite me with /invite, and ask again.',
    es: 'No estoy en ese canal, así que no podría responderte allí. Invítame con /invite y pregunta otra vez.',
  },
  looking: { en: 'is looking at it…', es: 'lo está mirando…' },
  greeting: {
    en: 'Hello! Show me a picture and ask me about it.',
    es: '¡Hola! Enséñame una imagen y pregúntame por ella.',
  },
  promptsTitle: { en: 'You could begin with:', es: 'Podrías empezar por:' },
  describePrompt: { en: 'Describe a picture', es: 'Describe una imagen' },
  describeThread: {
    en: 'Describe the picture that I send you next.',
    es: 'Describe la imagen que te mando ahora.',
  },
  abilityPrompt: { en: 'What can you do?', es: '¿Qué sabes hacer?' },
  homeModel: { en: 'Which model answers', es: 'Qué modelo responde' },
  homeSettings: { en: 'Your settings', es: 'Tus ajustes' },
  homeLanguage: {
    en: 'The language of my own words, such as those on buttons. Answers are in the language that you ask in.',
    es: 'El idioma de mis propias palabras, como las de los botones. Las respuestas van en el idioma de la pregunta.',
  },
  asSlack: { en: 'As in Slack', es: 'Como en Slack' },
  homeAnswers: { en: 'The last answers to you', es: 'Las últimas respuestas para ti' },
  noAnswers: { en: 'There are none yet.', es: 'Todavía no hay ninguna.' },
  openAnswer: { en: 'Open', es: 'Abrir' },
  forgetMe: { en: 'Forget me', es: 'Olvídame' },
  forgetTitle: { en: 'Forget me?', es: '¿Olvidarte?' },
} as const;

/** What the adapter says. */
export type Saying = keyof typeof sayings;

/** A sentence or name of the adapter's own. */
export function say(saying: Saying, language: Language): string {
  return sayings[saying][language];
}
