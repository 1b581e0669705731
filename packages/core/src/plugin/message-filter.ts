import type { MessageContext, MessageFilters, Middleware } from './plugin.js';

type Filters = MessageFilters<unknown>;

const filters: {
  [Filter in keyof Filters]: (message: MessageContext) => message is Filters[Filter];
} = {
  pictures: (message): message is Filters['pictures'] => message.pictures.length > 0,
  text: (message): message is Filters['text'] => message.text.trim() !== '',
};

/** A middleware that lets messages pass that are not for it. @internal */
export function filtered<Filter extends keyof Filters>(
  filter: Filter,
  middleware: Middleware<Filters[Filter]>,
): Middleware<MessageContext> {
  const isFor = filters[filter];
  return (message, next) => (isFor(message) ? middleware(message, next) : next());
}
