import { type ReplyTarget, VistazoError } from '@vistazo/core';
import { type Language, Seldom } from '@vistazo/core/adapter-kit';
import { isDirect, placeOf } from '../place.js';
import type { SlackApi } from '../slack-api.js';
import { slackCodeOf } from '../slack-errors.js';
import { quiet } from './message-calls.js';

/** What {@link WritingNotices} needs. */
export interface WritingNoticesOptions {
  api: SlackApi;
  languageOf: (tenant: string, userId: string) => Promise<Language>;
  notify: (sentence: string) => void;
}

/** About one channel nobody is told again within an hour. */
const silenceMs = 3_600_000;
const timeoutMs = 10_000;

type Hindrance = 'absent' | 'archived' | 'forbidden';

/** What hinders the bot, by Slack's codes. */
const hindrances: Readonly<Record<string, Hindrance>> = {
  channel_not_found: 'absent',
  not_in_channel: 'absent',
  is_archived: 'archived',
  channel_type_not_supported: 'forbidden',
  no_permission: 'forbidden',
  restricted_action: 'forbidden',
  restricted_action_non_threadable_channel: 'forbidden',
  restricted_action_read_only_channel: 'forbidden',
  restricted_action_thread_locked: 'forbidden',
  restricted_action_thread_only_channel: 'forbidden',
};

/** Tells who asked, in a direct message, that the bot cannot write where they asked, and the operator why. */
export class WritingNotices {
  readonly #seldom = new Seldom(silenceMs);

  constructor(private readonly options: WritingNoticesOptions) {}

  /** For an error that says something else it does nothing. Throws `platform.*` where the person cannot be told. */
  async tell(
    error: unknown,
    { tenant, conversationKey }: Pick<ReplyTarget, 'tenant' | 'conversationKey'>,
    askerId: string | undefined,
  ): Promise<void> {
    const hindrance = hindrances[slackCodeOf(error) ?? ''];
    const { channel } = placeOf(conversationKey);
    if (hindrance === undefined || isDirect(channel)) return;
    if (!this.#seldom.isDue(`${tenant} ${channel}`)) return;
    const reason = error instanceof VistazoError ? error.message : '';
    const { api, languageOf, notify } = this.options;
    notify(
      `In the channel ${channel} of the Slack team ${tenant} the bot could not answer. ${reason}`,
    );
    if (askerId === undefined) return;
    const text = sayCannotWrite(hindrance, channel, await languageOf(tenant, askerId));
    await api.call({
      tenant,
      method: 'chat.postMessage',
      // A person's id stands for the direct messages with them.
      args: { channel: askerId, text, ...quiet },
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}

function sayCannotWrite(hindrance: Hindrance, channel: string, language: Language): string {
  const place = `<#${channel}>`;
  const sentences: Record<Hindrance, Record<Language, string>> = {
    absent: {
      en: `I am not in ${place}, so I could not answer you there. Invite me there with /invite and ask again, or ask me here.`,
      es: `No estoy en ${place}, así que no he podido responderte allí. Invítame allí con /invite y pregunta otra vez, o pregúntame aquí.`,
    },
    archived: {
      en: `${place} was archived, so I could not answer you there. Ask me in another channel, or here.`,
      es: `${place} está archivado, así que no he podido responderte allí. Pregúntame en otro canal, o aquí.`,
    },
    forbidden: {
      en: `I may not write in ${place}, so I could not answer you there. Whoever manages the workspace can let me; ask me here meanwhile.`,
      es: `No puedo escribir en ${place}, así que no he podido responderte allí. Quien administra el espacio puede permitírmelo; mientras tanto, pregúntame aquí.`,
    },
  };
  return sentences[hindrance][language];
}
