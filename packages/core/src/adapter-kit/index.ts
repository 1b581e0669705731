export { calledAction } from '../adapter/called-action.js';
export { parseCommand, writtenCommand } from '../adapter/parse-command.js';
export {
  type PrivateConversation,
  privateConversationKey,
  readPrivateConversation,
} from '../adapter/private-conversation.js';
export { lastTextBreaks } from '../reply/text-breaks.js';
export { unlessAborted } from '../unless-aborted.js';
export {
  type ActionDialog,
  type ActionPress,
  actionDialogIdOf,
  actionIdOf,
  readActionDialogId,
  readActionId,
} from './action-press.js';
export { type AnswerPosts, AnswerPostsByQuestion } from './answer-posts.js';
export { Asides } from './asides.js';
export { type AskedOption, askedOf } from './asked-option.js';
export { BoundedMap } from './bounded-map.js';
export { type ButtonAction, type ButtonPress, buttonIdOf, readButtonId } from './button-press.js';
export { EditPace } from './edit-pace.js';
export { EventDelivery } from './event-delivery.js';
export { helpText } from './help-text.js';
export { InOrder } from './in-order.js';
export { inTime } from './in-time.js';
export { commonSayings, type Language, languageOf, sayModel } from './language.js';
export { Lifetime } from './lifetime.js';
export {
  commandTitle,
  isForMessages,
  type OwnCommand,
  ownCommandOf,
  ownCommands,
  slashCommands,
} from './own-commands.js';
export { pause } from './pause.js';
export { isRefusedForGood, RefusalNotices } from './refusals.js';
export { type SeenMarkup, seenText } from './seen-text.js';
export { Seldom } from './seldom.js';
export { shortened } from './shortened.js';
export { fileLine, isViewable, type PostedFile } from './viewable-file.js';
