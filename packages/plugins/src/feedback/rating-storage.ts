import type { PluginStorage } from '@vistazo/core';
import { z } from 'zod';
import { type Place, placeKeyOf, placeKeysShownIn } from '../place.js';
import { stableKey } from '../stable-key.js';

const ratingSchema = z.object({
  rating: z.enum(['up', 'down']),
  comment: z.string().optional(),
  author: z.object({ id: z.string(), name: z.string() }),
  adapter: z.string(),
  conversationKey: z.string(),
  /** The message that was answered. */
  messageId: z.string(),
  atMs: z.number(),
  question: z.string().optional(),
  answer: z.string().optional(),
});
/** A rating as it is kept. */
type KeptRating = z.infer<typeof ratingSchema>;

/** The day of a time in UTC, such as `2026-01-31`. */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

const dayKey = ({ atMs, rating }: KeptRating, id: string) => `day ${dayOf(atMs)} ${rating} ${id}`;
const ratingKey = (id: string) => `rating ${id}`;
/** The same by place, so that each can be shown its own alone. */
const placePrefix = (adapter: string, placeKey: string) => `in ${stableKey(adapter, placeKey)} `;
const placeKey = (rating: KeptRating, id: string) =>
  placePrefix(rating.adapter, placeKeyOf(rating.conversationKey)) + dayKey(rating, id);
const authorKey = (adapter: string, authorId: string) => `last of ${stableKey(adapter, authorId)}`;

/**
 * The ratings of a tenant: each under who gave it for what, so that a changed mind takes the place of
 * the old one; and its day and kind as a key, so that days are counted without reading them all.
 */
export class RatingStorage {
  constructor(private readonly values: PluginStorage) {}

  async #get(id: string): Promise<KeptRating | undefined> {
    const value = await this.values.get(ratingKey(id));
    return value === undefined ? undefined : ratingSchema.parse(value);
  }

  async keep(id: string, rating: KeptRating): Promise<void> {
    const before = await this.#get(id);
    await this.values.set(ratingKey(id), rating);
    await this.values.set(dayKey(rating, id), true);
    await this.values.set(placeKey(rating, id), true);
    await this.values.set(authorKey(rating.adapter, rating.author.id), id);
    if (before !== undefined && dayKey(before, id) !== dayKey(rating, id))
      await this.#uncount(before, id);
  }

  async forget(id: string): Promise<void> {
    const before = await this.#get(id);
    if (before !== undefined) await this.#uncount(before, id);
    await this.values.delete(ratingKey(id));
  }

  async #uncount(rating: KeptRating, id: string): Promise<void> {
    await this.values.delete(dayKey(rating, id));
    await this.values.delete(placeKey(rating, id));
  }

  /** Forgets the ratings that somebody gave, or that are older. */
  async forgetAll(isMeant: (rating: KeptRating) => boolean): Promise<void> {
    for (const key of await this.values.keys(ratingKey(''))) {
      const id = key.slice(ratingKey('').length);
      const rating = await this.#get(id);
      if (rating === undefined || !isMeant(rating)) continue;
      await this.forget(id);
      const last = authorKey(rating.adapter, rating.author.id);
      if ((await this.values.get(last)) === id) await this.values.delete(last);
    }
  }

  /** Adds a comment to what this person rated last; false when there is no such rating. */
  async comment(
    { adapter, id: authorId }: { adapter: string; id: string },
    comment: string,
  ): Promise<boolean> {
    const key = authorKey(adapter, authorId);
    const id = z.string().safeParse(await this.values.get(key)).data;
    const last = id === undefined ? undefined : await this.#get(id);
    if (id === undefined || last === undefined) return false;
    await this.values.set(ratingKey(id), { ...last, comment });
    return true;
  }

  /** Days with ratings since this one, the latest first; of all conversations, or of what may be shown in one. */
  async countsSince(
    day: string,
    place?: Place,
  ): Promise<{ day: string; up: number; down: number }[]> {
    const counts = new Map<string, { up: number; down: number }>();
    for (const prefix of prefixesOf(place))
      for (const key of await this.values.keys(`${prefix}day `)) {
        const [, at = '', rating] = key.slice(prefix.length).split(' ');
        if (at < day) continue;
        const count = counts.get(at) ?? { up: 0, down: 0 };
        counts.set(at, count);
        count[rating === 'up' ? 'up' : 'down'] += 1;
      }
    const days = [...counts].sort(([a], [b]) => (a < b ? 1 : -1));
    return days.map(([at, count]) => ({ day: at, ...count }));
  }
}

function prefixesOf(place: Place | undefined): string[] {
  if (place === undefined) return [''];
  return placeKeysShownIn(place.conversationKey).map((key) => placePrefix(place.adapter, key));
}
