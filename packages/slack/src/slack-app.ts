import { App, type Authorize, type Receiver } from '@slack/bolt';
import type { WebClientOptions } from '@slack/web-api';
import { z } from 'zod';
import { QuietLogger } from './connection/quiet-logger.js';
import type { InstallationPlace } from './installations/installation-records.js';
import { type Interactions, listenForInteractions } from './interactions.js';
import type { SlackEvents } from './slack-events.js';

/** What {@link newSlackApp} needs. */
export interface SlackAppOptions {
  receiver: Receiver;
  authorize: Authorize<boolean>;
  clientOptions: WebClientOptions;
  events: SlackEvents;
  interactions: Interactions;
  /** A workspace or organisation took the bot out, or its tokens. */
  onLeft: (place: InstallationPlace) => Promise<void>;
  notify: (sentence: string) => void;
}

const contextSchema = z.object({ teamId: z.string(), botUserId: z.string() });

/** Bolt's app, which hands each event to who takes it. What that throws it throws, so that it is not acknowledged. */
export function newSlackApp(options: SlackAppOptions): App {
  const { receiver, authorize, clientOptions, events, interactions, onLeft, notify } = options;
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
    await events.heardMessage(event, { team: teamId, botUserId });
  };
  app.event('message', ({ event, context }) => hear(event, context));
  app.event('app_mention', ({ event, context }) => hear(event, context));
  listenForInteractions(app, interactions);
  const left = ({ context }: { context: InstallationPlace }) =>
    onLeft({
      teamId: context.teamId,
      enterpriseId: context.enterpriseId,
      isEnterpriseInstall: context.isEnterpriseInstall,
    });
  app.event('app_uninstalled', left);
  app.event('tokens_revoked', async ({ event, context }) => {
    if ((event.tokens.bot ?? []).length > 0) await left({ context });
  });
  return app;
}
