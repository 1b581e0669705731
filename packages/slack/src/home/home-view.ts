import type { HomeView, KnownBlock, PlainTextElement, SectionBlock } from '@slack/types';
import type { AnsweringModel, CommandDescription } from '@vistazo/core';
import { helpText, type Language, sayModel } from '@vistazo/core/adapter-kit';
import { say } from '../language.js';
import { escapeMrkdwn } from '../mrkdwn.js';
import type { PersonSettings } from '../person-settings.js';
import { literalMrkdwn } from '../send-reply/inline-mrkdwn.js';
import { messageBody } from '../send-reply/message-body.js';

/** An answer that a person got, and where it is. */
export interface HomeAnswer {
  beginning: string;
  askedAtMs: number;
  /** Undefined where Slack does not tell. */
  link: string | undefined;
}

/** What the app's home shows somebody. */
export interface HomeContent {
  language: Language;
  commands: readonly CommandDescription[];
  prefix: string;
  model: AnsweringModel;
  settings: PersonSettings;
  answers: readonly HomeAnswer[];
  /** A sentence on what they just did. Default none. */
  notice?: string | undefined;
}

export const languageAction = 'vistazo_home_language';
export const forgetAction = 'vistazo_home_forget';
/** The value of the choice that the person's language on Slack is taken. */
export const languageOfSlack = 'slack';

/** The app's home: what the bot can do, which model answers, settings, the last answers, and a way to be forgotten. */
export function homeView(content: HomeContent): HomeView {
  const { language, commands, prefix, model, notice } = content;
  return {
    type: 'home',
    blocks: [
      ...(notice === undefined ? [] : [section(escapeMrkdwn(notice))]),
      ...messageBody(helpText(commands, language, { prefix })).blocks,
      header(say('homeModel', language)),
      ...messageBody(sayModel(model, language)).blocks,
      header(say('homeAnswers', language)),
      ...answerBlocks(content),
      header(say('homeSettings', language)),
      languageBlock(content),
      forgetBlock(language),
    ],
  };
}

function answerBlocks({ answers, language }: HomeContent): SectionBlock[] {
  if (answers.length === 0) return [section(escapeMrkdwn(say('noAnswers', language)))];
  return answers.map(({ beginning, askedAtMs, link }) => {
    const day = new Date(askedAtMs).toISOString().slice(0, 10);
    const when = `<!date^${Math.floor(askedAtMs / 1000)}^{date_short_pretty} {time}|${day}>`;
    const where = link === undefined ? '' : ` · <${link}|${say('openAnswer', language)}>`;
    return section(`${literalMrkdwn(beginning)}\n${when}${where}`);
  });
}

function languageBlock({ language, settings }: HomeContent): KnownBlock {
  const options = [
    { value: languageOfSlack, text: plain(say('asSlack', language)) },
    { value: 'en', text: plain('English') },
    { value: 'es', text: plain('Español') },
  ];
  const chosen = options.find(({ value }) => value === (settings.language ?? languageOfSlack));
  return {
    ...section(escapeMrkdwn(say('homeLanguage', language))),
    accessory: {
      type: 'static_select',
      action_id: languageAction,
      options,
      ...(chosen !== undefined && { initial_option: chosen }),
    },
  };
}

function forgetBlock(language: Language): KnownBlock {
  return {
    type: 'actions',
    elements: [
      {
        type: 'button',
        action_id: forgetAction,
        style: 'danger',
        text: plain(say('forgetMe', language)),
        confirm: {
          title: plain(say('forgetTitle', language)),
          text: plain(say('forgetDescription', language)),
          confirm: plain(say('forgetMe', language)),
          deny: plain(say('cancel', language)),
          style: 'danger',
        },
      },
    ],
  };
}

function header(text: string): KnownBlock {
  return { type: 'header', text: plain(text) };
}

function section(mrkdwn: string): SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: mrkdwn, verbatim: true } };
}

function plain(text: string): PlainTextElement {
  return { type: 'plain_text', text, emoji: false };
}
