import type { AdapterHost } from '@vistazo/core';
import type { EventDelivery } from '@vistazo/core/adapter-kit';
import type { AskedConversations } from './asked-conversations.js';
import type { AssistantThreads } from './assistant/assistant-threads.js';
import { ActionPresses } from './buttons/action-presses.js';
import { AnswerPresses } from './buttons/answer-presses.js';
import type { CalledCommands } from './commands/called-commands.js';
import { type Doer, Whisper } from './commands/doer.js';
import { MessageShortcuts } from './commands/message-shortcuts.js';
import { ModalSubmissions } from './commands/modal-submissions.js';
import { QuestionDesk } from './commands/question-desk.js';
import { SlashCommands } from './commands/slash-commands.js';
import { AppHome } from './home/app-home.js';
import { Interactions } from './interactions.js';
import { type Saying, say } from './language.js';
import type { Surroundings } from './parse-message/surroundings.js';
import type { People } from './people.js';
import type { SettingsOfPeople } from './person-settings.js';
import type { ReplySender } from './send-reply/reply-sender.js';
import type { SlackApi } from './slack-api.js';
import type { Threads } from './threads.js';

/** What {@link newInteractions} needs. */
export interface NewInteractionsOptions {
  host: AdapterHost;
  api: SlackApi;
  people: People;
  settings: SettingsOfPeople;
  delivery: EventDelivery;
  sender: ReplySender;
  threads: Threads;
  surroundings: Surroundings;
  asked: AskedConversations;
  calls: CalledCommands;
  assistant: AssistantThreads;
  /** What stands before the name of each command. */
  prefix: string;
}

/** Composes who answers what people do besides writing messages. */
export function newInteractions(options: NewInteractionsOptions): Interactions {
  const { host, api, people } = options;
  const whisper = new Whisper(api);
  const tell = async (doer: Doer, saying: Saying) => {
    const { language } = await people.soon(doer.tenant, { id: doer.userId, name: doer.name });
    await whisper.tell(doer, say(saying, language));
  };
  const desk = new QuestionDesk(options);
  const parts = { ...options, desk, tell, commands: () => host.commands };
  const slash = new SlashCommands({ ...parts, model: host.model });
  const shortcuts = new MessageShortcuts(parts);
  const actions = new ActionPresses({ ...parts, actionsOf: (post) => host.actionsOf(post) });
  return new Interactions({
    answers: new AnswerPresses({
      ...parts,
      seenFor: (message) => host.seenFor(message),
      whisper: (doer, mrkdwn) => whisper.tell(doer, mrkdwn),
    }),
    actions,
    slash,
    shortcuts,
    submissions: new ModalSubmissions({ ...parts, shortcuts, actions }),
    home: new AppHome({ ...parts, forget: (tenant, userId) => slash.forget(tenant, userId) }),
    assistant: options.assistant,
    tell,
  });
}
