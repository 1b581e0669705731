import type { AdapterHost, CommandDescription } from '@vistazo/core';
import { inTime } from '@vistazo/core/adapter-kit';
import { z } from 'zod';
import type { Press } from '../commands/payloads.js';
import { type Saying, say } from '../language.js';
import type { People } from '../people.js';
import type { SettingsOfPeople } from '../person-settings.js';
import { isTs, placeOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import {
  forgetAction,
  type HomeAnswer,
  homeView,
  languageAction,
  languageOfSlack,
} from './home-view.js';

/** What an {@link AppHome} needs. */
export interface AppHomeOptions {
  api: SlackApi;
  people: People;
  settings: SettingsOfPeople;
  host: Pick<AdapterHost, 'model' | 'answersTo'>;
  commands: () => readonly CommandDescription[];
  /** What stands before the name of each command. */
  prefix: string;
  /** Forgets a person, and gives what they are to be told. */
  forget: (tenant: string, userId: string) => Promise<Saying>;
}

const openedSchema = z.object({ user: z.string(), tab: z.string() });
const linkSchema = z.object({ permalink: z.url() });
const languageSchema = z.enum(['en', 'es', languageOfSlack]);

const maxAnswers = 5;
/** How long what the home shows may take to be found; what is not there by then is left out. */
const findWithinMs = 3000;

/** The tab of the app that each person sees for themselves. */
export class AppHome {
  constructor(private readonly options: AppHomeOptions) {}

  /** Of an event `app_home_opened`. Throws what Slack fails with. */
  async opened(event: unknown, tenant: string): Promise<void> {
    const opened = openedSchema.safeParse(event).data;
    if (opened?.tab === 'home') await this.#publish(tenant, opened.user);
  }

  /** Somebody pressed or chose something in it. Throws what Slack or the store fails with. */
  async press({ user, actions }: Press, tenant: string): Promise<void> {
    const [action] = actions;
    const { settings, forget } = this.options;
    if (action?.action_id === forgetAction) {
      const saying = await forget(tenant, user.id);
      return this.#publish(tenant, user.id, saying);
    }
    if (action?.action_id !== languageAction) return;
    const chosen = languageSchema.safeParse(action.selected_option?.value).data;
    if (chosen === undefined) return;
    const isSet = await settings
      .set(tenant, user.id, chosen === languageOfSlack ? {} : { language: chosen })
      .then(
        () => true,
        () => false,
      );
    await this.#publish(tenant, user.id, isSet ? undefined : 'failed');
  }

  async #publish(tenant: string, userId: string, saying?: Saying): Promise<void> {
    const { api, people, settings, host, commands, prefix } = this.options;
    const [person, set, answers] = await Promise.all([
      people.soon(tenant, { id: userId, name: userId }),
      settings.of(tenant, userId),
      inTime(
        this.#answersTo(tenant, userId).catch(() => []),
        findWithinMs,
      ),
    ]);
    const { language } = person;
    const view = homeView({
      language,
      commands: commands(),
      prefix,
      model: host.model,
      settings: set,
      answers: answers === 'late' ? [] : answers,
      notice: saying && say(saying, language),
    });
    await api.call({ tenant, method: 'views.publish', args: { user_id: userId, view } });
  }

  async #answersTo(tenant: string, userId: string): Promise<HomeAnswer[]> {
    const answers = await this.options.host.answersTo(tenant, userId, maxAnswers);
    return Promise.all(
      answers.map(async ({ beginning, askedAtMs, conversationKey, messageId }) => ({
        beginning,
        askedAtMs,
        link: await this.#linkTo(tenant, conversationKey, messageId).catch(() => undefined),
      })),
    );
  }

  /** To the question, whose answer stands in its thread; undefined for commands, which have no message. */
  async #linkTo(
    tenant: string,
    conversationKey: string,
    messageId: string,
  ): Promise<string | undefined> {
    const { channel, threadTs } = placeOf(conversationKey);
    const message_ts = isTs(messageId) ? messageId : threadTs;
    if (message_ts === undefined) return undefined;
    const call = { tenant, method: 'chat.getPermalink', args: { channel, message_ts } };
    return linkSchema.parse(await this.options.api.call(call)).permalink;
  }
}
