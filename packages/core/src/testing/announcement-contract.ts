import assert from 'node:assert/strict';
import type { PostedPicture, ReplyPost } from '../adapter/adapter.js';
import type { ContractCase } from './adapter-contract.js';
import type { Trial } from './contract-trial.js';

/** A picture of a post, as people see it. */
export type SeenPicture = Pick<PostedPicture, 'bytes' | 'description'>;

/** 1 × 1 px, red and blue. */
const pngs = [
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWP4z8AAAAMBAQCc479ZAAAAAElFTkSuQmCC',
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWNgYPgPAAEDAQBdlO9aAAAAAElFTkSuQmCC',
];
const contractPictures: readonly PostedPicture[] = pngs.map((png, index) => ({
  bytes: Buffer.from(png, 'base64'),
  mediaType: 'image/png',
  name: `colour-${index + 1}.png`,
  description: `Colour ${index + 1} & "more"`,
}));

/** What adapters keep to of what is said unasked. @internal */
export function announcementRules(
  rule: (name: string, check: (trial: Trial) => Promise<void>) => ContractCase,
): ContractCase[] {
  return [
    rule('posts announcements, once for each key', async (trial) => {
      const { conversationKey, announce } = await announcing(trial);
      assert.equal(await announce('News!'), await announce('News!'));
      const seen = await trial.fixture.announcements?.(conversationKey);
      if (seen !== undefined) assert.deepEqual(seen, ['News!']);
    }),
    rule('shows the pictures of an announcement once, if it says it can', async (trial) => {
      const { postedPictures } = trial.adapter.capabilities;
      if (postedPictures === undefined) return;
      const { fixture } = trial;
      assert.ok(fixture.pictures, 'a fixture of a platform with pictures tells which there are');
      const { conversationKey, announce } = await announcing(trial);
      const pictures = contractPictures.slice(0, postedPictures.maxPerPost);
      assert.equal(await announce('Colours:', pictures), await announce('Colours:', pictures));
      assert.deepEqual(await fixture.announcements?.(conversationKey), ['Colours:']);
      const seen = await fixture.pictures(conversationKey);
      assert.deepEqual(
        seen.map(({ description }) => description),
        pictures.map(({ description }) => description),
      );
      for (const [index, { bytes }] of seen.entries())
        assert.deepEqual(Buffer.from(bytes), pictures[index]?.bytes);
    }),
  ];
}

async function announcing(trial: Trial) {
  const { tenant, conversationKey } = await trial.question();
  const announce = (text: string, pictures?: readonly PostedPicture[]) => {
    const post: ReplyPost = {
      tenant,
      conversationKey,
      messageId: 'announcement of the contract',
      isAnnouncement: true,
      text,
      ...(pictures !== undefined && { pictures }),
      idempotencyKey: 'announcement',
    };
    return trial.adapter.post(post, { signal: trial.signal, completes: 'answer' });
  };
  return { conversationKey, announce };
}
