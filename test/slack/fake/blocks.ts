import type { Workspace } from './workspace.ts';

/** Blocks and what stands in them with the ids that Slack gives those that have none. */
export function named(world: Workspace, blocks: unknown): unknown[] {
  if (!Array.isArray(blocks)) return [];
  return blocks.map((block: Record<string, unknown>) => ({
    block_id: world.nextId('b'),
    ...block,
    ...(Array.isArray(block.elements) && {
      elements: block.elements.map((each: object) => withActionId(world, each)),
    }),
    ...(isObject(block.accessory) && { accessory: withActionId(world, block.accessory) }),
    ...(isObject(block.element) && { element: withActionId(world, block.element) }),
  }));
}

function withActionId(world: Workspace, element: object): object {
  const type = 'type' in element ? element.type : undefined;
  return type === 'mrkdwn' || type === 'plain_text' || type === 'image'
    ? element
    : { action_id: world.nextId('a'), ...element };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
