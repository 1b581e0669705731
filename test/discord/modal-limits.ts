import type {
  APIFileUploadComponent,
  APILabelComponent,
  APIModalInteractionResponseCallbackData,
  APITextInputComponent,
} from 'discord.js';
import { z } from 'zod';
import { customId, type Fields, isUnique } from './limit-rules.ts';

const componentId = z.int().min(0).optional();
const isRequired = z.boolean().optional();

const textInput = z
  .strictObject({
    type: z.literal(4),
    id: componentId,
    custom_id: customId,
    label: z.string().min(1).max(45).optional(),
    style: z.literal([1, 2]),
    min_length: z.int().min(0).max(4000).optional(),
    max_length: z.int().min(1).max(4000).optional(),
    required: isRequired,
    placeholder: z.string().max(100).optional(),
    value: z.string().max(4000).optional(),
  } satisfies Fields<APITextInputComponent>)
  .refine(({ min_length = 0, max_length = 4000 }) => min_length <= max_length, {
    message: 'min_length above max_length',
  });

const fileUpload = z
  .strictObject({
    type: z.literal(19),
    id: componentId,
    custom_id: customId,
    min_values: z.int().min(0).max(10).optional(),
    max_values: z.int().min(1).max(10).optional(),
    file_types: z.array(z.string()).max(10).optional(),
    required: isRequired,
  } satisfies Fields<APIFileUploadComponent>)
  .refine(({ min_values = 1, max_values = 1 }) => min_values <= max_values, {
    message: 'min_values above max_values',
  })
  .refine(({ min_values = 1, required = true }) => !required || min_values > 0, {
    message: 'required, and takes none',
  });

/** Of what else can stand in a label only the number and the id are looked at. */
const other = z.looseObject({
  type: z.literal([3, 5, 6, 7, 8, 21, 22, 23]),
  custom_id: customId,
});

const label = z
  .strictObject({
    type: z.literal(18),
    id: componentId,
    label: z.string().min(1).max(45),
    description: z.string().min(1).max(100).optional(),
    component: z.discriminatedUnion('type', [textInput, fileUpload, other]),
  } satisfies Fields<APILabelComponent>)
  .refine(({ component }) => component.type !== 4 || component.label === undefined, {
    message: 'a text input with a label of its own within a label',
  });

const row = z.strictObject({
  type: z.literal(1),
  id: componentId,
  components: z
    .array(textInput)
    .length(1)
    .refine((all) => all.every((each) => each.label !== undefined), {
      message: 'a text input without a label',
    }),
});

const text = z.strictObject({
  type: z.literal(10),
  id: componentId,
  content: z.string().min(1).max(4000),
});

/** A dialog. */
export const modal = z.strictObject({
  custom_id: customId,
  title: z.string().min(1).max(45),
  components: z
    .array(z.discriminatedUnion('type', [label, row, text]))
    .min(1)
    .max(5)
    .refine((all) => isUnique(all.flatMap(customIdsOf)), {
      message: 'two fields have one custom_id',
    }),
} satisfies Fields<APIModalInteractionResponseCallbackData>);

function customIdsOf(part: z.infer<typeof label | typeof row | typeof text>): string[] {
  if (part.type === 18) return [part.component.custom_id];
  return part.type === 1 ? part.components.map(({ custom_id }) => custom_id) : [];
}
