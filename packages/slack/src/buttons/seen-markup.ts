import type { SeenMarkup } from '@vistazo/core/adapter-kit';
import { literalMrkdwn } from '../send-reply/inline-mrkdwn.js';

/** Slack puts in how long ago it was; who reads it where that does not work sees the date. */
export const seenMarkup: SeenMarkup = {
  literal: literalMrkdwn,
  ago: (atMs) =>
    `<!date^${Math.floor(atMs / 1000)}^{ago}|${new Date(atMs).toISOString().slice(0, 10)}>`,
  maxTextLength: 3500,
};
