import type { WireError } from '../../src/wire.ts';

const english = {
  language: 'English',
  newConversation: 'New conversation',
  conversations: 'Conversations',
  noConversations: 'Nothing here yet.',
  untitled: 'New conversation',
  deleteConversation: 'Delete conversation',
  confirmDelete: 'Delete this conversation and its pictures for good?',
  showConversations: 'Show conversations',
  hideConversations: 'Hide conversations',
  welcome: 'Show me a picture',
  welcomeHint: 'Drop, paste or pick one or more pictures and ask about them. Or try one of these:',
  messages: 'Messages',
  you: 'You',
  questionLabel: 'Your question',
  questionPlaceholder: 'Ask about your pictures…',
  addPictures: 'Add pictures',
  removePicture: 'Remove picture',
  send: 'Send',
  stop: 'Stop',
  regenerate: 'Answer again',
  edit: 'Edit',
  remove: 'Delete',
  save: 'Save and ask',
  cancel: 'Cancel',
  good: 'Good answer',
  bad: 'Bad answer',
  previousVersion: 'Previous version',
  nextVersion: 'Next version',
  versionOf: (index: number, count: number) => `${index} of ${count}`,
  dropHere: 'Drop pictures here',
  consent: 'Models may learn from this conversation and its pictures',
  thinking: 'Looking…',
  waiting: 'Waiting for its turn…',
  goesOnSoon: 'Interrupted; this answer starts again soon…',
  files: (count: number) => (count === 1 ? 'One file' : `${count} files`),
  answered: 'Answer ready.',
  stopped: 'Stopped.',
  cutByLength: 'Cut off: the longest answer allowed was reached.',
  cutByDeadline: 'Cut off: the time allowed was over.',
  seen: 'What the model saw',
  picture: (index: number) => `Picture ${index}`,
  pictureOf: (number: number, total: number) => `Picture ${number} of ${total}`,
  tiles: (tiles: number, fullTiles: number) =>
    (tiles === 1 ? 'one tile' : `${tiles - 1} tiles and the whole picture`) +
    (tiles < fullTiles ? `, of ${fullTiles} for a sooner answer` : ''),
  promptTokens: 'Prompt tokens',
  imageTokens: 'of pictures',
  reusedTokens: 'reused from before',
  answerTokens: 'Answer tokens',
  timeToFirstToken: 'Time to first token',
  tokensPerSecond: 'Tokens per second',
  leftOut: 'Left out, because the conversation is longer than the model can read',
  answeredBy: (model: string, runs: 'here' | 'server') =>
    runs === 'here'
      ? `${model} answers where the bot runs; messages and pictures go nowhere else.`
      : `${model} answers, on a server to which messages and pictures are sent.`,
  embeddedNote:
    'It is small: it knows shapes, charts, dialogs and short printed texts, but no photographs.',
  connectionLost: 'The bot cannot be reached. Trying again…',
  /** Of a failure that only those who run the bot can do something about. */
  somethingFailed: 'Something went wrong here. Try again later.',
  /** Sentences by error code, where the server's own do not fit. */
  errors: {
    'picture.unsupported': 'This bot does not look at videos. Send pictures of what matters.',
    'option.unsupported': 'This bot cannot do that. If you sent pictures, send text alone.',
    'engine.closed': 'The bot is about to stop. Try again in a moment.',
    'engine.crashed': 'The model stopped while it answered. Ask again.',
    'endpoint.failed': 'The model cannot be reached at the moment. Ask again later.',
    'generation.deadline': 'The answer took too long. Ask again, or ask for less.',
    'model.outOfMemory': 'The bot is short of memory. Try again later, or send fewer pictures.',
    'store.failed': 'Conversations cannot be read or kept at the moment. Try again later.',
    'store.notFound': 'That conversation or message is not there any more.',
    'access.refused': 'This page cannot be used from that address.',
  } as Partial<Record<string, string>>,
  tooLarge: (name: string, megabytes: number) => `${name} is larger than ${megabytes} MB.`,
  notAPicture: (name: string) =>
    `${name} is not a picture. JPEG, PNG, WebP, GIF, AVIF and PDF can be read, and videos where the bot looks at them.`,
  heic: (name: string) =>
    `${name} is a HEIC photograph, which cannot be read here. Save it as JPEG and add that one.`,
  tooMany: (count: number) => `At most ${count} pictures fit in one message.`,
  secretNeeded: 'This page needs a secret',
  secretLabel: 'Secret',
  logIn: 'Log in',
  samples: {
    'bar-chart': ['A bar chart', 'What is the highest value in the bar chart?'],
    shapes: ['Coloured shapes', 'How many shapes are there?'],
    dialog: ['An error dialog', 'What is the error code?'],
    sign: ['A sign', 'What does the sign say?'],
    whiteboard: ['A whiteboard', 'What does the whiteboard say?'],
  },
};

/** Every text of the page in one language. */
export type Texts = typeof english;

const spanish: Texts = {
  language: 'Español',
  newConversation: 'Nueva conversación',
  conversations: 'Conversaciones',
  noConversations: 'Aún no hay nada.',
  untitled: 'Nueva conversación',
  deleteConversation: 'Borrar conversación',
  confirmDelete: '¿Borrar para siempre esta conversación y sus imágenes?',
  showConversations: 'Mostrar conversaciones',
  hideConversations: 'Ocultar conversaciones',
  welcome: 'Enséñame una imagen',
  welcomeHint:
    'Suelta, pega o elige una o más imágenes y pregunta por ellas. O prueba una de estas:',
  messages: 'Mensajes',
  you: 'Tú',
  questionLabel: 'Tu pregunta',
  questionPlaceholder: 'Pregunta por tus imágenes…',
  addPictures: 'Añadir imágenes',
  removePicture: 'Quitar imagen',
  send: 'Enviar',
  stop: 'Parar',
  regenerate: 'Responder otra vez',
  edit: 'Editar',
  remove: 'Borrar',
  save: 'Guardar y preguntar',
  cancel: 'Cancelar',
  good: 'Buena respuesta',
  bad: 'Mala respuesta',
  previousVersion: 'Versión anterior',
  nextVersion: 'Versión siguiente',
  versionOf: (index, count) => `${index} de ${count}`,
  dropHere: 'Suelta aquí las imágenes',
  consent: 'Los modelos pueden aprender de esta conversación y sus imágenes',
  thinking: 'Mirando…',
  waiting: 'Esperando su turno…',
  goesOnSoon: 'Interrumpida; esta respuesta empieza de nuevo pronto…',
  files: (count) => (count === 1 ? 'Un archivo' : `${count} archivos`),
  answered: 'Respuesta lista.',
  stopped: 'Parada.',
  cutByLength: 'Cortada: se alcanzó la respuesta más larga permitida.',
  cutByDeadline: 'Cortada: se acabó el tiempo permitido.',
  seen: 'Lo que vio el modelo',
  picture: (index) => `Imagen ${index}`,
  pictureOf: (number, total) => `Imagen ${number} de ${total}`,
  tiles: (tiles, fullTiles) =>
    (tiles === 1 ? 'una tesela' : `${tiles - 1} teselas y la imagen entera`) +
    (tiles < fullTiles ? `, de ${fullTiles}, para responder antes` : ''),
  promptTokens: 'Tokens de la pregunta',
  imageTokens: 'de imágenes',
  reusedTokens: 'reutilizados de antes',
  answerTokens: 'Tokens de la respuesta',
  timeToFirstToken: 'Tiempo hasta el primer token',
  tokensPerSecond: 'Tokens por segundo',
  leftOut: 'Omitido, porque la conversación es más larga de lo que el modelo puede leer',
  answeredBy: (model, runs) =>
    runs === 'here'
      ? `Responde ${model} donde funciona el bot; mensajes e imágenes no van a otro sitio.`
      : `Responde ${model}, en un servidor al que se envían mensajes e imágenes.`,
  embeddedNote:
    'Es pequeño: conoce formas, gráficos, diálogos y textos impresos cortos, pero no fotografías.',
  connectionLost: 'No se puede contactar con el bot. Se intenta otra vez…',
  somethingFailed: 'Algo falló aquí. Prueba otra vez más tarde.',
  errors: {
    'chat.empty': 'El mensaje está vacío; escribe algo o añade una imagen.',
    'chat.tooLong':
      'El mensaje no cabe en lo que el modelo puede leer; envía menos texto o menos imágenes, o empieza otra conversación.',
    'chat.busy': 'Hay demasiadas preguntas esperando; prueba otra vez más tarde.',
    'picture.notAnImage':
      'Eso no se puede leer como imagen; valen JPEG, PNG, WebP, GIF, AVIF y PDF, y vídeos donde el bot los mira. Guarda las fotos HEIC como JPEG.',
    'picture.unsupported': 'Este bot no mira vídeos. Envía imágenes de lo que importa.',
    'option.unsupported': 'Este bot no puede hacer eso. Si enviaste imágenes, envía solo texto.',
    'engine.closed': 'El bot está a punto de parar. Prueba otra vez en un momento.',
    'picture.encrypted': 'El documento está protegido con una contraseña; envíalo sin ella.',
    'picture.empty': 'La imagen no tiene bytes; envíala otra vez.',
    'picture.corrupt': 'El archivo está cortado o dañado y no se puede leer; envíalo otra vez.',
    'picture.tooLarge':
      'El archivo es demasiado grande; hazlo más pequeño: caben 25 MB y 50 megapíxeles.',
    'picture.tooManyFrames':
      'La animación o el vídeo tiene demasiados fotogramas; envía algo más corto.',
    'picture.timeout': 'Leer el archivo llevó demasiado tiempo; envía uno más pequeño.',
    'picture.missing': 'La imagen ya no está guardada; envíala otra vez.',
    'engine.crashed': 'El modelo se detuvo mientras respondía; pregunta otra vez.',
    'endpoint.failed': 'Ahora no se puede contactar con el modelo; pregunta otra vez más tarde.',
    'generation.aborted': 'El mensaje se paró antes de ser aceptado; envíalo otra vez.',
    'generation.deadline': 'La respuesta tardó demasiado; pregunta otra vez, o pide menos.',
    'model.outOfMemory':
      'Al bot le falta memoria; prueba otra vez más tarde, o envía menos imágenes.',
    'store.failed': 'Ahora no se pueden leer ni guardar conversaciones; prueba otra vez más tarde.',
    'store.notFound': 'Esa conversación o ese mensaje ya no existe.',
    'access.secret': 'Ese no es el secreto.',
    'access.refused': 'Esta página no se puede usar desde esa dirección.',
    'access.tooFast': 'Hubo demasiados secretos equivocados; espera un poco y prueba otra vez.',
  },
  tooLarge: (name, megabytes) => `${name} ocupa más de ${megabytes} MB.`,
  notAPicture: (name) =>
    `${name} no es una imagen. Valen JPEG, PNG, WebP, GIF, AVIF y PDF, y vídeos donde el bot los mira.`,
  heic: (name) =>
    `${name} es una foto HEIC, que aquí no se puede leer. Guárdala como JPEG y añade esa.`,
  tooMany: (count) => `Caben como mucho ${count} imágenes en un mensaje.`,
  secretNeeded: 'Esta página necesita un secreto',
  secretLabel: 'Secreto',
  logIn: 'Entrar',
  samples: {
    'bar-chart': ['Un gráfico de barras', '¿Cuál es el valor más alto?'],
    shapes: ['Figuras de colores', '¿Cuántas figuras hay?'],
    dialog: ['Un diálogo de error', '¿Cuál es el código de error?'],
    sign: ['Un cartel', '¿Qué dice el cartel?'],
    whiteboard: ['Una pizarra', '¿Qué pone en la pizarra?'],
  },
};

/** The languages of the page by code. */
export const languages = { en: english, es: spanish } satisfies Record<string, Texts>;

/** Failures whose own sentences say what a person can do. Others are for those who run the bot, who log them. */
const forPersons = /^(picture|fetch|chat|access|generation)\.|^option\.invalid$/;

type Failure = Omit<WireError, 'picture'> & { picture?: WireError['picture'] | undefined };

/** A failure in the language of the page. */
export function sentenceOf(texts: Texts, { code, message, picture }: Failure): string {
  const sentence = texts.errors[code];
  // The server's own sentence names the picture.
  if (sentence === undefined) return forPersons.test(code) ? message : texts.somethingFailed;
  if (picture === undefined) return sentence;
  const { number, total, name } = picture;
  return `${texts.pictureOf(number, total)}${name === undefined ? '' : ` (${name})`}: ${sentence}`;
}

/** Code of a language of the page. */
export type LanguageCode = keyof typeof languages;

/** The language chosen before, or the browser's, or English. */
export function firstLanguage(): LanguageCode {
  const chosen = localStorage.getItem('language') ?? navigator.language;
  return chosen.startsWith('es') ? 'es' : 'en';
}
