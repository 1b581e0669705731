import type { AnsweringModel } from '@vistazo/core';
import type { NeededPermission } from './send-reply/channel-permissions.js';

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
  wholeInFile: {
    en: 'This is the beginning; the whole answer is in the file.',
    es: 'Esto es el principio; la respuesta entera está en el archivo.',
  },
  mayNotAttach: {
    en: 'This is only the beginning: I may not attach the whole answer as a file here. Somebody who manages the server can give me the permission Attach Files.',
    es: 'Esto es solo el principio: aquí no puedo adjuntar la respuesta entera como archivo. Quien administra el servidor puede darme el permiso Adjuntar archivos.',
  },
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
  privateDescription: { en: 'Shows the answer to you alone', es: 'Solo tú ves la respuesta' },
  askAbout: { en: 'Ask about this picture', es: 'Preguntar por esta imagen' },
  describe: { en: 'Describe this picture', es: 'Describir esta imagen' },
  describeQuestion: { en: 'Describe the picture.', es: 'Describe la imagen.' },
} as const;

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

/** As Discord's settings call them. */
const permissionNames: Record<NeededPermission, Record<Language, string>> = {
  viewChannel: { en: 'View Channel', es: 'Ver canal' },
  sendMessages: { en: 'Send Messages', es: 'Enviar mensajes' },
  sendMessagesInThreads: {
    en: 'Send Messages in Threads',
    es: 'Enviar mensajes en hilos',
  },
  readMessageHistory: {
    en: 'Read Message History',
    es: 'Leer el historial de mensajes',
  },
  createPublicThreads: { en: 'Create Public Threads', es: 'Crear hilos públicos' },
  attachFiles: { en: 'Attach Files', es: 'Adjuntar archivos' },
};

/** What a person is told who asked where the bot may not write, and what it lacks there. */
export function sayMayNotWrite(
  channelId: string,
  lacking: readonly NeededPermission[],
  language: Language,
): string {
  const names = new Intl.ListFormat(language).format(
    lacking.map((permission) => permissionNames[permission][language]),
  );
  return {
    en: `I may not write in <#${channelId}>, so I could not answer you there. Somebody who manages the server can give me there what I lack: ${names}.`,
    es: `No puedo escribir en <#${channelId}>, así que no he podido responderte allí. Quien administra el servidor puede darme allí lo que me falta: ${names}.`,
  }[language];
}

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
