import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { named } from './blocks.ts';
import { byBot } from './chat-methods.ts';
import { checkBlocks, checkLength } from './message-limits.ts';
import { Refusal } from './methods.ts';
import type { Channel, Post, Workspace } from './workspace.ts';

/** What is answered to a command or at a response address. */
export const responseSchema = z.object({
  text: z.string().optional(),
  blocks: z.array(z.unknown()).optional(),
  response_type: z.enum(['ephemeral', 'in_channel']).optional(),
  replace_original: z.boolean().optional(),
  delete_original: z.boolean().optional(),
  thread_ts: z.string().optional(),
});
/** Where an answer to a response address goes. */
interface ResponsePlace {
  channel: Channel;
  userId: string;
  post: Post | undefined;
  uses: number;
}

/** Response addresses (`response_url`): each takes five answers to what a person did. */
export class ResponseAddresses {
  readonly #world: Workspace;
  readonly #origin: () => string;
  /** Keeps in mind what Slack would refuse. */
  readonly #report: (breach: string) => void;
  /** All that was answered, as it came. */
  readonly answers: unknown[] = [];
  readonly #places = new Map<string, ResponsePlace>();

  constructor(world: Workspace, origin: () => string, report: (breach: string) => void) {
    this.#world = world;
    this.#origin = origin;
    this.#report = report;
  }

  issue(channel: Channel, userId: string, post: Post | undefined): string {
    const path = `/actions/${channel.teamId}/${randomUUID()}`;
    this.#places.set(path, { channel, userId, post, uses: 0 });
    return `${this.#origin()}${path}`;
  }

  /** An answer at a response address; gives status and text as Slack does. */
  respond(path: string, body: unknown): { status: number; text: string } {
    const place = this.#places.get(path);
    if (place === undefined || place.uses >= 5) return { status: 404, text: 'expired_url' };
    place.uses += 1;
    this.answers.push(body);
    try {
      const { data: answer, error } = responseSchema.safeParse(body);
      if (error !== undefined)
        throw new Refusal('invalid_payload', { breach: z.prettifyError(error) });
      checkLength(answer.text, 40_000);
      if (answer.blocks !== undefined) checkBlocks(answer.blocks);
      this.#place(place, answer);
      return { status: 200, text: 'ok' };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.breach !== undefined) this.#report(`response_url: ${error.code}: ${error.breach}`);
      return { status: 400, text: error.code };
    }
  }

  #place(place: ResponsePlace, answer: z.output<typeof responseSchema>): void {
    const { channel, userId, post } = place;
    const content = {
      ...(answer.text !== undefined && { text: answer.text }),
      ...(answer.blocks !== undefined && { blocks: named(this.#world, answer.blocks) }),
    };
    if (answer.delete_original === true && post !== undefined) this.#world.remove(post);
    else if (answer.replace_original === true && post !== undefined)
      post.message = { ...post.message, ...content };
    else {
      const message = {
        ...byBot(this.#world, this.#world.installationOf(channel.teamId)),
        ...content,
        ts: this.#world.nextTs(),
        ...(answer.thread_ts !== undefined && { thread_ts: answer.thread_ts }),
      };
      const onlyFor = answer.response_type === 'in_channel' ? {} : { onlyFor: userId };
      this.#world.posts.push({ channelId: channel.id, message, ...onlyFor });
    }
  }
}
