import { commonSayings, type Language } from '@vistazo/core/adapter-kit';
import type { NeededPermission } from './send-reply/channel-permissions.js';

/** What the adapter says, in each language. */
export const sayings = {
  ...commonSayings,
  wholeInFile: {
    en: 'This is the beginning; the whole answer is in the file.',
    es: 'Esto es el principio; la respuesta entera está en el archivo.',
  },
  mayNotAttach: {
    en: 'This is only the beginning: I may not attach the whole answer as a file here. Somebody who manages the server can give me the permission Attach Files.',
    es: 'Esto es solo el principio: aquí no puedo adjuntar la respuesta entera como archivo. Quien administra el servidor puede darme el permiso Adjuntar archivos.',
  },
  mayNotShow: {
    en: 'A picture belongs here, which I may not attach. Somebody who manages the server can give me the permission Attach Files.',
    es: 'Aquí falta una imagen que no puedo adjuntar. Quien administra el servidor puede darme el permiso Adjuntar archivos.',
  },
  questionName: { en: 'question', es: 'pregunta' },
  pictureName: { en: 'picture', es: 'imagen' },
  privateName: { en: 'private', es: 'privado' },
  privateDescription: { en: 'Shows the answer to you alone', es: 'Solo tú ves la respuesta' },
  furtherPictures: { en: 'Further pictures', es: 'Más imágenes' },
  comesLater: {
    en: 'This takes longer; the answer comes in a message of its own.',
    es: 'Esto tarda más; la respuesta llegará en un mensaje aparte.',
  },
  tookTooLong: {
    en: 'This took too long: here I can answer for 15 minutes only. Please ask again later.',
    es: 'Esto ha tardado demasiado: aquí solo puedo responder durante 15 minutos. Pregunta de nuevo más tarde.',
  },
  askAbout: { en: 'Ask about this picture', es: 'Preguntar por esta imagen' },
  describe: { en: 'Describe this picture', es: 'Describir esta imagen' },
} as const satisfies Record<string, Record<Language, string>>;

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

/** Some of them, as Discord's settings call them. */
export function sayPermissions(
  permissions: readonly NeededPermission[],
  language: Language,
): string {
  return new Intl.ListFormat(language).format(
    permissions.map((permission) => permissionNames[permission][language]),
  );
}

/** What a person is told who asked where the bot may not write, and what it lacks there. */
export function sayMayNotWrite(
  channelId: string,
  lacking: readonly NeededPermission[],
  language: Language,
): string {
  const names = sayPermissions(lacking, language);
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

/** A name or description in Discord's locales besides English, with the same end in all. */
export function localized(saying: Saying, end = ''): Record<'es-ES' | 'es-419', string> {
  const es = `${sayings[saying].es}${end}`;
  return { 'es-ES': es, 'es-419': es };
}
