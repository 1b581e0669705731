import { z } from 'zod';
import { Refusal } from './methods.ts';
import type { Installation, Workspace } from './workspace.ts';

const blockSchema = z.looseObject({
  type: z.literal('image'),
  slack_file: z.strictObject({ id: z.string().optional(), url: z.string().optional() }),
});

/** Files of blocks must be pictures of the app's own team that Slack has looked at; throws `invalid_blocks`. */
export function checkFilesIn(
  world: Workspace,
  { teamId }: Pick<Installation, 'teamId'>,
  blocks: readonly unknown[] = [],
): void {
  for (const [index, block] of blocks.entries()) {
    const { data } = blockSchema.safeParse(block);
    if (data === undefined) continue;
    const { id, url } = data.slack_file;
    const invalid = `invalid slack file [json-pointer:/blocks/${index}/slack_file]`;
    if ((id === undefined) === (url === undefined))
      throw new Refusal('invalid_blocks', { breach: invalid });
    const file = [...world.files.values()].find((each) =>
      id === undefined ? each.url_private === url || each.permalink === url : each.id === id,
    );
    const isPicture = /^image\/(png|jpeg|gif)$/.test(String(file?.mimetype));
    if (file?.user_team !== teamId || !isPicture)
      throw new Refusal('invalid_blocks', { breach: invalid });
  }
}
