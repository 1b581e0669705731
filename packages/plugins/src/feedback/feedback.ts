import { definePlugin } from '@vistazo/core';
import { z } from 'zod';
import { oneLine } from '../one-line.js';
import { isOperator, operatorsSchema, seesAll } from '../operators.js';
import { stableKey } from '../stable-key.js';
import { dayOf, RatingStorage } from './rating-storage.js';

const configSchema = z.object({
  /**
   * Who may ask for the summary of all conversations. Default: everybody may ask, and is told of the conversation in
   * which they ask.
   */
  operators: operatorsSchema,
  /** Whether somebody who gives a thumb down without a word is asked what was wrong. Default false. */
  askWhy: z.boolean().default(false),
  /**
   * Whether question and answer are copied beside the rating. Such a copy outlives a message that its
   * author deletes. Default false: the ids of conversation and message say what it is about.
   */
  keepTexts: z.boolean().default(false),
});

const dayMs = 86_400_000;

/**
 * What people think of answers: each rating is kept with whose answer it is about, who gave it, when,
 * and why, until it is to be forgotten. `/feedback-summary` counts them by day. Nothing of it is logged.
 */
export const feedback = definePlugin({
  name: 'feedback',
  version: '1.0.0',
  config: configSchema,
  setup({ onFeedback, onForget, command, announce, metrics, nowMs }) {
    const thumbs = {
      up: metrics.counter('thumbs_up', 'Thumbs up, changed minds included.'),
      down: metrics.counter('thumbs_down', 'Thumbs down, changed minds included.'),
    };
    onFeedback(async ({ config, storage, rating, comment, author, question, answer, ...about }) => {
      const { tenant, adapter, conversationKey, messageId } = about;
      const ratings = new RatingStorage(storage);
      const id = stableKey(adapter, conversationKey, messageId, author.id);
      if (rating === null) return ratings.forget(id);
      const place = { adapter, conversationKey, messageId };
      await ratings.keep(id, {
        ...{ rating, author, ...place, atMs: nowMs() },
        ...(comment !== undefined && { comment }),
        ...(config.keepTexts && { question, answer }),
      });
      thumbs[rating].inc();
      if (!config.askWhy || rating === 'up' || comment !== undefined) return;
      const text = `Thank you, ${oneLine(author.name, 100)}. What was wrong? /why followed by a few words tells.`;
      await announce({ adapter, tenant, conversationKey, text, key: `why ${id}` });
    });

    onForget(async ({ storage, ...what }) => {
      if (what.reason === 'tenant') return;
      await new RatingStorage(storage).forgetAll(({ adapter, author, atMs }) =>
        what.reason === 'age'
          ? atMs < what.beforeMs
          : adapter === what.person.adapter && author.id === what.person.id,
      );
    });

    command({
      name: 'why',
      description: 'Says why you rated the last answer as you did',
      options: z.object({ comment: z.string().min(1).max(2000).describe('In a few words') }),
      async run({ options: { comment }, author, adapter, storage, reply }) {
        const person = { adapter, id: author.id };
        const isKept = await new RatingStorage(storage).comment(person, comment);
        reply(isKept ? 'Thank you.' : 'There is no answer that you rated.');
      },
    });

    command({
      name: 'feedback-summary',
      description: 'Counts the thumbs of the last days',
      options: z.object({ days: z.int().min(1).max(90).default(7).describe('How many') }),
      async run({ options: { days }, reply, ...message }) {
        if (!isOperator(message.config.operators, message))
          return reply('That is for the operators of this bot.');
        const since = dayOf(nowMs() - (days - 1) * dayMs);
        const place = seesAll(message.config.operators, message) ? undefined : message;
        const counts = await new RatingStorage(message.storage).countsSince(since, place);
        const lines = counts.map(({ day, up, down }) => `${day}: ${up} up, ${down} down`);
        reply(lines.join('\n') || 'Nobody rated an answer in these days.');
      },
    });
  },
});
