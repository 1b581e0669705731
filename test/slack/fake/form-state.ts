import { z } from 'zod';

const elementSchema = z.looseObject({ type: z.string(), action_id: z.string() });
const optionSchema = z.looseObject({ value: z.string() });
const blockSchema = z.looseObject({
  type: z.string(),
  block_id: z.string(),
  element: z.unknown().optional(),
  elements: z.array(z.unknown()).optional(),
  accessory: z.unknown().optional(),
});

/** Something in a block that people press or fill in. */
export type Element = z.output<typeof elementSchema> & { block_id: string };

/** What stands in blocks for people to press or fill in. */
export function elementsOf(blocks: unknown): Element[] {
  return z
    .array(blockSchema)
    .parse(blocks ?? [])
    .flatMap(({ block_id, element, elements = [], accessory }) =>
      [element, accessory, ...elements].flatMap((each) => {
        const { data } = elementSchema.safeParse(each);
        return data === undefined ? [] : [{ ...data, block_id }];
      }),
    );
}

const selectedKeys: Record<string, string> = {
  users_select: 'selected_user',
  multi_users_select: 'selected_users',
  channels_select: 'selected_channel',
  multi_channels_select: 'selected_channels',
  conversations_select: 'selected_conversation',
  multi_conversations_select: 'selected_conversations',
  datepicker: 'selected_date',
  timepicker: 'selected_time',
};

/**
 * `state.values` of a view: what people filled in, by action, and what fields began with; of files, their ids. Throws
 * at unknown actions.
 */
export function stateOf(
  blocks: unknown,
  values: Record<string, string | string[]>,
  fileOf: (id: string) => unknown = () => undefined,
): Record<string, Record<string, Record<string, unknown>>> {
  const state: Record<string, Record<string, Record<string, unknown>>> = {};
  const elements = elementsOf(blocks).filter(({ type }) => type !== 'button');
  const unknown = Object.keys(values).filter(
    (id) => !elements.some(({ action_id }) => action_id === id),
  );
  if (unknown.length > 0) throw new Error(`there is nothing to fill in at ${unknown.join(', ')}`);
  for (const element of elements) {
    state[element.block_id] = {
      ...state[element.block_id],
      [element.action_id]: { type: element.type, ...filledIn(element, values, fileOf) },
    };
  }
  return state;
}

function filledIn(
  element: Element,
  values: Record<string, string | string[]>,
  fileOf: (id: string) => unknown,
) {
  const { type, action_id } = element;
  const given = values[action_id];
  const key = selectedKeys[type];
  if (key !== undefined)
    return { [key]: given ?? element[key.replace('selected_', 'initial_')] ?? null };
  if (type === 'static_select' || type === 'radio_buttons' || type === 'overflow') {
    const chosen = typeof given === 'string' ? optionOf(element, given) : element.initial_option;
    return { selected_option: chosen ?? null };
  }
  if (type === 'checkboxes' || type === 'multi_static_select') {
    const chosen = given === undefined ? undefined : [given].flat();
    return {
      selected_options:
        chosen?.map((value) => optionOf(element, value)) ?? element.initial_options ?? [],
    };
  }
  if (type === 'file_input')
    return { files: given === undefined ? [] : [given].flat().map(fileOf) };
  return { value: given ?? element.initial_value ?? null };
}

function optionOf(element: Element, value: string): unknown {
  const groups = z
    .array(z.object({ options: z.array(optionSchema) }))
    .safeParse(element.option_groups);
  const options = [
    ...(z.array(optionSchema).safeParse(element.options).data ?? []),
    ...(groups.data ?? []).flatMap((group) => group.options),
  ];
  const found = options.find((each) => each.value === value);
  if (found === undefined) throw new Error(`${element.action_id} has no option ${value}`);
  return found;
}
