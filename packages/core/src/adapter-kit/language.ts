import type { AnsweringModel } from '../adapter/adapter.js';

/** The languages that adapters themselves speak. */
export type Language = 'en' | 'es';

/** That of a locale such as `es-ES`; English for all others. */
export function languageOf(locale: string | null | undefined): Language {
  return locale?.startsWith('es') ? 'es' : 'en';
}

/** What adapters say on every platform. */
export const commonSayings = {
  stop: { en: 'Stop', es: 'Parar' },
  again: { en: 'Again', es: 'Otra vez' },
  good: { en: 'Good', es: 'Bien' },
  bad: { en: 'Bad', es: 'Mal' },
  whatWasSeen: { en: 'What did it see?', es: '¿Qué ha visto?' },
  nothingSeen: {
    en: 'I know of no model that answered this: a command may have been answered without one, or it was forgotten.',
    es: 'No sé de ningún modelo que haya respondido a esto: quizá se respondió sin modelo, o ya se ha olvidado.',
  },
  notKnownNow: {
    en: 'I could not find out; please try again later.',
    es: 'No he podido averiguarlo; inténtalo más tarde.',
  },
  thanks: { en: 'Thank you.', es: 'Gracias.' },
  onlyAsker: {
    en: 'Only the person who asked can do that.',
    es: 'Solo puede hacerlo quien preguntó.',
  },
  questionGone: {
    en: 'The question is gone; ask again.',
    es: 'La pregunta ya no está; pregunta de nuevo.',
  },
  actionGone: {
    en: 'This button is too old: I do not know any more what it does.',
    es: 'Este botón es demasiado antiguo: ya no sé qué hace.',
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
  describeName: { en: 'describe', es: 'describir' },
  describeDescription: { en: 'Describes a picture', es: 'Describe una imagen' },
  modelName: { en: 'model', es: 'modelo' },
  modelDescription: {
    en: 'Says which model answers and where it runs',
    es: 'Dice qué modelo responde y dónde funciona',
  },
  helpName: { en: 'help', es: 'ayuda' },
  helpDescription: { en: 'Says what I can do', es: 'Dice lo que sé hacer' },
  helpBeginning: {
    en: 'Mention me or reply to me with a picture and a question, or call one of these:',
    es: 'Mencióname o respóndeme con una imagen y una pregunta, o usa una de estas órdenes:',
  },
  forgetName: { en: 'forget', es: 'olvidar' },
  forgetDescription: {
    en: 'Forgets what you asked me here, with its pictures',
    es: 'Olvida lo que me preguntaste aquí, con sus imágenes',
  },
  forgotten: {
    en: 'I have forgotten what you asked me here. What I posted stays; delete it, or ask a moderator to.',
    es: 'He olvidado lo que me preguntaste aquí. Lo que publiqué sigue ahí; bórralo o pídeselo a un moderador.',
  },
  notForgotten: {
    en: 'I could not forget everything; please try again later.',
    es: 'No he podido olvidarlo todo; inténtalo más tarde.',
  },
  question: { en: 'Question', es: 'Pregunta' },
  questionDescription: { en: 'What you want to know', es: 'Lo que quieres saber' },
  pictureDescription: { en: 'A picture', es: 'Una imagen' },
  describeQuestion: { en: 'Describe the picture.', es: 'Describe la imagen.' },
} as const satisfies Record<string, Record<Language, string>>;

/** Which model answers, and where what people say to it goes. */
export function sayModel(model: AnsweringModel, language: Language): string {
  const { runs, images } = model;
  const id = `\`${model.id.replaceAll('`', "'").slice(0, 200)}\``;
  const context = model.contextLengthTokens.toLocaleString(language);
  const sentences = {
    en: [
      `${id} answers.`,
      {
        here: 'It runs on the machine of the bot: pictures and texts go nowhere else.',
        server:
          'It runs on a server that the operator of the bot chose: pictures and texts are sent there.',
      }[runs],
      `It has room for ${context} tokens of conversation and answer.`,
      ...(images ? [] : ['It does not look at pictures.']),
    ],
    es: [
      `Responde ${id}.`,
      {
        here: 'Funciona en la máquina del bot: las imágenes y los textos no van a ningún otro sitio.',
        server:
          'Funciona en un servidor que eligió quien opera el bot: allí se envían las imágenes y los textos.',
      }[runs],
      `Le caben ${context} tokens de conversación y respuesta.`,
      ...(images ? [] : ['No mira imágenes.']),
    ],
  }[language];
  return sentences.join(' ');
}
