import { z } from 'zod';
import { byBot, rootOf } from './chat-methods.ts';
import { type HostedFiles, toldOf } from './hosted-files.ts';
import { checkBlocks } from './message-limits.ts';
import { channelFor, type Method, method, Refusal } from './methods.ts';
import { placeOf, type SlackMessage, type Workspace } from './workspace.ts';

/** Of `files.*`; `origin` is where files are uploaded to. */
export function fileMethods(
  world: Workspace,
  files: HostedFiles,
  origin: () => string,
): Record<string, Method> {
  return {
    'files.info': method(z.object({ file: z.string() }), ['files:read'], ({ file: id }, caller) => {
      const file = world.files.get(id);
      if (file === undefined || (file.user_team ?? caller.teamId) !== caller.teamId)
        throw new Refusal('file_not_found');
      if (file.mode === 'tombstone') throw new Refusal('file_deleted');
      const { heldBackInEvents: _, ...told } = file;
      files.looked(id);
      return { file: told };
    }),

    'files.getUploadURLExternal': method(
      z.object({
        filename: z.string().min(1),
        length: z.coerce.number().int().min(1),
        alt_txt: z.string().max(1000).optional(),
        snippet_type: z.string().optional(),
      }),
      ['files:write'],
      ({ filename, alt_txt }, { teamId, botUserId }) => {
        const { id } = files.add(teamId, {
          name: filename,
          user: botUserId,
          ...(alt_txt !== undefined && { altText: alt_txt }),
          // Made out when the upload is complete.
          mimetype: '',
          fields: { filetype: '', is_public: false },
        });
        return { upload_url: `${origin()}/upload/v1/${id}`, file_id: id };
      },
    ),

    'files.completeUploadExternal': method(
      z.object({
        files: z.array(z.object({ id: z.string(), title: z.string().optional() })).min(1),
        channel_id: z.string().optional(),
        thread_ts: z.string().optional(),
        initial_comment: z.string().optional(),
        blocks: z.array(z.unknown()).optional(),
      }),
      ['files:write'],
      (args, caller) => {
        const uploaded = args.files.map(({ id, title }) => {
          const file = world.files.get(id);
          if (file === undefined) throw new Refusal('file_not_found');
          if (title !== undefined) file.title = title;
          files.complete(id);
          return file;
        });
        if (args.blocks !== undefined) checkBlocks(args.blocks);
        if (args.channel_id !== undefined) {
          const channel = channelFor(world, caller, args.channel_id);
          const thread = rootOf(world, channel.id, args.thread_ts);
          const message: SlackMessage = {
            ...byBot(world, caller),
            ts: world.nextTs(),
            text: args.initial_comment ?? '',
            subtype: 'file_share',
            files: uploaded.map(toldOf),
            ...(args.blocks !== undefined && { blocks: args.blocks }),
            ...(thread !== undefined && { thread_ts: thread }),
          };
          world.posts.push({ channelId: channel.id, message });
          world.tell(caller.teamId, { ...message, ...placeOf(channel), event_ts: message.ts });
        }
        return { files: uploaded };
      },
    ),
  };
}
