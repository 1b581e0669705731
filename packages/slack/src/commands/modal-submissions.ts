import type { CommandDescription } from '@vistazo/core';
import { slashCommands, writtenCommand } from '@vistazo/core/adapter-kit';
import type { ActionPresses } from '../buttons/action-presses.js';
import type { Saying } from '../language.js';
import { attachmentOf } from '../parse-message/read-message.js';
import type { People, Person } from '../people.js';
import { commandConversationOf, readCommandId } from '../place.js';
import type { Threads } from '../threads.js';
import type { CalledCommands } from './called-commands.js';
import { filledIn } from './command-modal.js';
import type { Doer } from './doer.js';
import type { MessageShortcuts } from './message-shortcuts.js';
import { type ModalPurpose, readPurpose } from './modal-purpose.js';
import type { Submission } from './payloads.js';
import { askedBy, commandQuestion, type QuestionDesk } from './question-desk.js';
import { lineOf } from './slash-commands.js';

/** What {@link ModalSubmissions} need. */
export interface ModalSubmissionsOptions {
  people: People;
  threads: Threads;
  desk: QuestionDesk;
  calls: CalledCommands;
  shortcuts: MessageShortcuts;
  actions: ActionPresses;
  commands: () => readonly CommandDescription[];
  /** What stands before the name of each command. */
  prefix: string;
  /** Tells a person what they alone see. */
  tell: (doer: Doer, saying: Saying) => Promise<void>;
}

type PurposeOf<Kind> = Extract<ModalPurpose, { kind: Kind }>;

/** A modal that asks for a command was sent. */
interface Sent<Kind> {
  submission: Submission;
  purpose: PurposeOf<Kind>;
  description: CommandDescription;
  person: Person;
  doer: Doer;
}

/** Hands over what people fill in. */
export class ModalSubmissions {
  constructor(private readonly options: ModalSubmissionsOptions) {}

  /** Throws what Slack fails with; what is no modal of ours does nothing. */
  async submit(submission: Submission, by: Doer): Promise<void> {
    const { commands, people, actions, tell } = this.options;
    const purpose = readPurpose(submission.view.private_metadata);
    if (purpose === undefined) return;
    if (purpose.kind === 'action') return actions.submit(submission, purpose, by);
    const doer = this.#doerIn(purpose, by);
    const description = slashCommands(commands()).find(({ name }) => name === purpose.name);
    if (description === undefined) return tell(doer, 'unknownCommand');
    const person = await people.soon(doer.tenant, { id: doer.userId, name: doer.name });
    if (purpose.kind === 'command')
      return this.#command({ submission, purpose, description, person, doer });
    return this.#message({ submission, purpose, description, person, doer });
  }

  async #command(sent: Sent<'command'>): Promise<void> {
    const { submission, purpose, description, person, doer } = sent;
    const { desk, calls, tell, prefix } = this.options;
    const { messageId, channel } = purpose;
    const { files, options } = filled(submission);
    const written = writtenCommand({ name: prefix + description.name, options });
    calls.note(messageId, {
      tenant: doer.tenant,
      userId: person.id,
      line: lineOf(person.name, written),
      respond: calls.of(messageId)?.respond,
    });
    const triggerId = readCommandId(messageId)?.triggerId ?? messageId;
    const question = commandQuestion({
      tenant: doer.tenant,
      conversationKey: commandConversationOf(channel, triggerId),
      messageId,
      author: person,
      asked: askedBy(description, options, person.language),
      material: { attachments: files.map((file) => attachmentOf(file, doer.tenant)) },
    });
    const saying = await desk.ask(question, (later) => tell(doer, later));
    if (saying !== undefined) await tell(doer, saying);
  }

  async #message(sent: Sent<'message'>): Promise<void> {
    const { submission, purpose, description, person, doer } = sent;
    const { shortcuts, threads, tell } = this.options;
    const { channel, ts, threadTs, messageId } = purpose;
    const { tenant } = doer;
    const target = { tenant, channel, ts, threadTs };
    const message =
      shortcuts.targetOf(target) ??
      (await threads.find(tenant, { channel, threadTs: threadTs ?? ts }, ts));
    if (message === undefined) return tell(doer, 'questionGone');
    const { files, options } = filled(submission);
    const attachments = files.map((file) => attachmentOf(file, tenant));
    await shortcuts.ask({
      target,
      message,
      messageId,
      description,
      options,
      person,
      doer,
      attachments,
    });
  }

  /** Slack says nothing of the place of a modal, nor gives it an address for answers. */
  #doerIn(purpose: PurposeOf<'command'> | PurposeOf<'message'>, doer: Doer): Doer {
    const respond = this.options.calls.of(purpose.messageId)?.respond;
    const threadTs = purpose.kind === 'message' ? (purpose.threadTs ?? purpose.ts) : undefined;
    return { ...doer, channel: purpose.channel, threadTs, respond };
  }
}

function filled(submission: Submission) {
  const { filled, files } = filledIn(submission);
  return { files, options: Object.fromEntries(filled) };
}
