import { z } from 'zod';
import { byBot, contentOf, ownPost, rootOf, tellChange } from './chat-methods.ts';
import { checkBlocks, checkLength, checkMetadata } from './message-limits.ts';
import { channelFor, type Method, method, Refusal } from './methods.ts';
import { type Installation, type Post, placeOf, type Workspace } from './workspace.ts';

const chunk = z.discriminatedUnion('type', [
  z.object({ type: z.literal('markdown_text'), text: z.string() }),
  z.object({
    type: z.literal('task_update'),
    id: z.string().min(1),
    title: z.string().max(256),
    status: z.enum(['pending', 'in_progress', 'complete', 'error']),
    details: z.string().optional(),
    output: z.string().optional(),
    sources: z.array(z.unknown()).optional(),
  }),
  z.object({ type: z.literal('plan_update'), title: z.string().max(256) }),
  z.object({ type: z.literal('blocks'), blocks: z.array(z.unknown()).max(50) }),
]);
type Chunk = z.output<typeof chunk>;

const content = { markdown_text: z.string().optional(), chunks: z.array(chunk).optional() };
interface Content {
  markdown_text?: string | undefined;
  chunks?: Chunk[] | undefined;
}

/** Of `chat.startStream`, `chat.appendStream` and `chat.stopStream`. */
export function streamMethods(world: Workspace): Record<string, Method> {
  const scopes = ['chat:write'];
  return {
    'chat.startStream': method(
      z.object({
        ...content,
        channel: z.string(),
        thread_ts: z.string(),
        recipient_user_id: z.string().optional(),
        recipient_team_id: z.string().optional(),
        task_display_mode: z.enum(['timeline', 'plan']).optional(),
      }),
      scopes,
      (args, caller) => {
        const channel = channelFor(world, caller, args.channel);
        if (channel.type !== 'im') {
          if (!args.recipient_user_id) throw new Refusal('missing_recipient_user_id');
          if (!args.recipient_team_id) throw new Refusal('missing_recipient_team_id');
        }
        if (world.postAt(channel.id, args.thread_ts) === undefined)
          throw new Refusal('invalid_thread_ts');
        const thread = rootOf(world, channel.id, args.thread_ts) ?? args.thread_ts;
        const nowMs = Date.now();
        const post: Post = {
          channelId: channel.id,
          message: {
            ...byBot(world, caller),
            ts: world.nextTs(),
            thread_ts: thread,
            streaming_state: 'in_progress',
          },
          stream: {
            mode: undefined,
            isOpen: true,
            isStopped: false,
            startedMs: nowMs,
            lastMs: nowMs,
            chunks: [],
          },
        };
        append(post, args);
        world.posts.push(post);
        world.endStatus(channel.id, thread);
        const { message } = post;
        world.tell(caller.teamId, { ...message, ...placeOf(channel), event_ts: message.ts });
        return { channel: channel.id, ts: message.ts };
      },
    ),

    'chat.appendStream': method(
      z.object({ ...content, channel: z.string(), ts: z.string() }),
      scopes,
      (args, caller) => {
        const post = streaming(world, caller, args);
        if (args.markdown_text === undefined && args.chunks === undefined)
          throw new Refusal('no_text', { breach: 'nothing to append' });
        append(post, args);
        return { channel: args.channel, ts: args.ts };
      },
    ),

    'chat.stopStream': method(
      z.object({
        ...content,
        channel: z.string(),
        ts: z.string(),
        blocks: z.array(z.unknown()).optional(),
        metadata: z.unknown().optional(),
        session_status: z.string().optional(),
      }),
      scopes,
      (args, caller) => {
        const post = streaming(world, caller, args);
        if (args.blocks !== undefined) checkBlocks(args.blocks);
        if (args.metadata !== undefined) checkMetadata(args.metadata);
        append(post, args);
        if (post.stream !== undefined) post.stream.isOpen = false;
        const previous = post.message;
        const { text: _, ...rest } = contentOf(world, {
          blocks: args.blocks,
          metadata: args.metadata,
        });
        post.message = { ...previous, ...rest, streaming_state: 'completed' };
        tellChange(world, post, previous);
        return { channel: args.channel, ts: args.ts, message: post.message };
      },
    ),
  };
}

/** A message that is being streamed; throws `message_not_in_streaming_state` where it is not, or not any more. */
function streaming(
  world: Workspace,
  caller: Installation,
  { channel: id, ts }: { channel: string; ts: string },
): Post {
  const channel = channelFor(world, caller, id);
  const post = ownPost(world, caller, channel.id, ts, 'message_not_owned_by_app');
  if (post.stream?.isStopped) throw new Refusal('stopped_by_user');
  if (!world.isStreaming(post)) throw new Refusal('message_not_in_streaming_state');
  return post;
}

/** Adds text or chunks; a stream takes only the kind that it got first. */
function append({ stream, message }: Post, { markdown_text, chunks }: Content): void {
  if (stream === undefined || (markdown_text ?? chunks) === undefined) return;
  if (markdown_text !== undefined && chunks !== undefined)
    throw new Refusal('cannot_provide_both_markdown_text_and_chunks', {
      breach: 'markdown_text and chunks in one call',
    });
  checkLength(markdown_text, 12_000);
  const mode = markdown_text === undefined ? 'chunks' : 'text';
  stream.mode ??= mode;
  if (stream.mode !== mode)
    throw new Refusal('streaming_mode_mismatch', {
      breach: `${mode} for a stream that began with ${stream.mode}`,
    });
  for (const each of chunks ?? []) {
    if (each.type === 'markdown_text') checkLength(each.text, 12_000);
    if (each.type === 'blocks') checkBlocks(each.blocks);
    stream.chunks.push(each);
  }
  const added =
    markdown_text ??
    (chunks ?? []).map((each) => (each.type === 'markdown_text' ? each.text : '')).join('');
  // Slack drops it, as many who stream have found.
  message.text += added.trimStart();
  stream.lastMs = Date.now();
}
