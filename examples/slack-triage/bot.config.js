import { existsSync } from 'node:fs';
import { triage } from '@vistazo/plugins';
import { createSlackAdapter } from '@vistazo/slack';

/** Yours: the ids of the workspace, of the channel where people ask for help, and of that where tickets are told of. */
const [team, support, onCall] = ['T0123456789', 'C0123456789', 'C0987654321'];

if (existsSync('.env')) process.loadEnvFile();

export const slack = {
  botToken: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  // In the support channel it looks at screenshots, and lets people talk.
  channels: [support],
  channelMessages: 'files',
};

export const tickets = triage({
  products: ['Orbit Mail', 'Cloud Drive'],
  // The embedded model answers short questions; models that follow instructions do better with 'object'.
  reading: 'questions',
  rules: [{ when: { severity: 'high' }, announce: { adapter: 'slack', conversationKey: onCall } }],
  digest: { adapter: 'slack', tenant: team, conversationKey: onCall, cron: '0 8 * * 1-5' },
});

export default { plugins: [tickets], adapters: [createSlackAdapter(slack)] };
