import { createHash, timingSafeEqual } from 'node:crypto';
import { questions } from './read-questions.js';
import { objectInstructions, objectQuestion, type ReadingConfig } from './reading.js';
import type { Ticket } from './ticket.js';

/** The fields that a model reads, in the order in which it writes them. */
const fields: readonly string[] = [
  ...['product', 'screen', 'errorMessage', 'errorCode', 'severity', 'language'],
  ...['summary', 'nextStep'],
];

/** A row of what can be learned from, in the form of `vistazo export`, whose pictures it names. */
interface CorrectionRow {
  images_file_names: string[];
  messages: { role: string; content: ({ type: 'image' } | { type: 'text'; text: string })[] }[];
  ticket: number;
  /** What the model had read, of the fields that people put right. */
  read: Record<string, string>;
}

/**
 * What a corrected ticket teaches: the question that the model was asked with the picture, and what people
 * made of its answer. Read by questions, it is a row for each field that is asked for; else one with the whole
 * object. None for a ticket that nobody corrected, or whose status alone was changed.
 */
export function rowsOf(
  ticket: Ticket,
  config: ReadingConfig & { reading: 'object' | 'questions' },
): CorrectionRow[] {
  const read = firstRead(ticket);
  if (Object.keys(read).length === 0 || ticket.pictures.length === 0) return [];
  const row = (question: string, answer: string, system?: string): CorrectionRow => ({
    images_file_names: ticket.pictures,
    messages: [
      ...(system === undefined ? [] : [said('system', system)]),
      {
        role: 'user',
        content: [
          ...ticket.pictures.map(() => ({ type: 'image' as const })),
          { type: 'text', text: question },
        ],
      },
      said('assistant', answer),
    ],
    ticket: ticket.number,
    read,
  });
  if (config.reading === 'questions')
    return (['product', 'errorMessage', 'errorCode'] as const)
      .filter((field) => field in read && ticket[field] !== '')
      .map((field) => row(questions[field], ticket[field]));
  const object = Object.fromEntries(fields.map((field) => [field, ticket[field as keyof Ticket]]));
  return [row(objectQuestion(''), JSON.stringify(object), objectInstructions(config))];
}

function said(role: string, text: string): CorrectionRow['messages'][number] {
  return { role, content: [{ type: 'text', text }] };
}

/** Before the first correction of each field. */
function firstRead({ corrections }: Ticket): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { field, from } of corrections) if (fields.includes(field)) found[field] ??= from;
  return found;
}

/** Whether a request bears the token; takes the same time for every wrong one. */
export function bears(request: Request, token: string): boolean {
  const given = request.headers.get('authorization') ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(`Bearer ${token}`));
}
