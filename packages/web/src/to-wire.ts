import type {
  ChatEvent,
  ChatService,
  ConversationId,
  ConversationSummary,
  ShownConversation,
  ShownMessage,
} from '@vistazo/core';
import type { WireConversation, WireEvent, WireMessage, WireSeen, WireSummary } from './wire.js';

/** A conversation for the list of the page. */
export function toWireSummary({ id, title, consent }: ConversationSummary): WireSummary {
  return { id, title, consent };
}

/** A conversation as the page shows it. */
export function toWireConversation(conversation: ShownConversation): WireConversation {
  const { messages, waiting } = conversation;
  return {
    ...toWireSummary(conversation),
    messages: messages.map(toWireMessage),
    waiting: waiting.map(({ answerId, ...question }) => ({ id: answerId, ...question })),
  };
}

function toWireMessage({ createdAtMs: _, pictures, seen, ...message }: ShownMessage): WireMessage {
  return {
    ...message,
    pictures: pictures.map(({ id, widthPx, heightPx, provenance: { name } }) => ({
      id,
      widthPx,
      heightPx,
      ...(name !== undefined && { name }),
    })),
    ...(seen !== undefined && { seen: toWireSeen(seen) }),
  };
}

function toWireSeen({
  pictures,
  usage,
  timings,
  finishReason,
  leftOut,
}: NonNullable<ShownMessage['seen']>): WireSeen {
  return {
    pictures,
    ...(usage && { usage }),
    ...(timings && { timings }),
    ...(finishReason && { finishReason }),
    leftOut: leftOut.map(({ sentence }) => sentence),
  };
}

/** The events of an answer as the page takes them: with the whole conversation where it was stored. */
export async function* toWireEvents(
  service: ChatService,
  id: ConversationId,
  events: AsyncIterable<ChatEvent>,
): AsyncGenerator<WireEvent> {
  const conversation = async () => toWireConversation(await service.getConversation(id));
  for await (const event of events) {
    if (event.type === 'waiting') yield { type: 'waiting', conversation: await conversation() };
    else if (event.type === 'accepted')
      yield { type: 'accepted', conversation: asAccepted(await conversation(), event.answer) };
    else if (event.type === 'prompt') yield { type: 'prompt', seen: toWireSeen(event) };
    else if (event.type === 'end') yield { type: 'end', conversation: await conversation() };
    else if (event.type === 'failed')
      yield { type: 'failed', error: event.error, conversation: await conversation() };
    else yield event;
  }
}

/** A late reader gets the events after this one too: the text that they bring must not be there already. */
function asAccepted(conversation: WireConversation, answer: ShownMessage): WireConversation {
  const messages = conversation.messages.map((message) =>
    message.id === answer.id ? toWireMessage(answer) : message,
  );
  return { ...conversation, messages };
}
