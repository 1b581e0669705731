import { App, type Authorize, type Receiver } from '@slack/bolt';
import type { WebClientOptions } from '@slack/web-api';
import { z } from 'zod';
import { QuietLogger } from './connection/quiet-logger.js';
import type { EventPlace, SlackEvents } from './slack-events.js';

/** What {@link newSlackApp} needs. */
export interface SlackAppOptions {
  receiver: Receiver;
  authorize: Authorize<boolean>;
  clientOptions: WebClientOptions;
  events: SlackEvents;
  /** A workspace took the bot out, or its tokens. */
  onLeft: (team: string) => Promise<void>;
  /** Told where the bot is, of each event. */
  onPlace: (place: EventPlace) => void;
  notify: (sentence: string) => void;
}

const contextSchema = z.object({ teamId: z.string(), botUserId: z.string() });

/** Bolt's app, which hands each event to who takes it. What that throws it throws, so that it is not acknowledged. */
export function newSlackApp(options: SlackAppOptions): App {
  const { receiver, authorize, clientOptions, events, onLeft, onPlace, notify } = options;
  const app = new App({
    receiver,
    authorize,
    clientOptions,
    logger: new QuietLogger(notify),
    convoStore: false,
  });
  app.error(async (error) => {
    throw error;
  });
  const hear = async (event: unknown, context: unknown) => {
    const { teamId, botUserId } = contextSchema.parse(context);
    const place = { team: teamId, botUserId };
    onPlace(place);
    await events.heardMessage(event, place);
  };
  app.event('message', ({ event, context }) => hear(event, context));
  app.event('app_mention', ({ event, context }) => hear(event, context));
  const left = async ({ context }: { context: { teamId?: string } }) => {
    if (context.teamId !== undefined) await onLeft(context.teamId);
  };
  app.event('app_uninstalled', left);
  app.event('tokens_revoked', async ({ event, context }) => {
    if ((event.tokens.bot ?? []).length > 0) await left({ context });
  });
  return app;
}
