import { VistazoError } from '../../errors.js';
import type { KvSpec } from '../kv/kv-spec.js';
import { requireTensor, type TensorSpec } from '../onnx/session.js';
import { type FloatType, floatType } from '../onnx/tensor.js';

/**
 * Outputs of this prefix hold keys and values of the new tokens alone, `[batch, tokens, kvHeads ×
 * headDim]`; such graphs take past ones in buffers that may have room at the end of each row.
 */
export const newKvPrefix = 'new_key_values';

/** Names of the keys and values of a layer. */
export interface LayerNames {
  key: string;
  value: string;
  presentKey: string;
  presentValue: string;
}

/** What a decoder takes and gives, read from its graph. */
export interface DecoderTensors {
  /** Type and size of embeddings; undefined where the graph takes token ids. */
  embeds: { type: FloatType; hidden: number } | undefined;
  layers: readonly LayerNames[];
  kv: KvSpec;
  /** Names of all inputs, of which some are in some graphs alone. */
  inputs: ReadonlySet<string>;
  /** Axes of `position_ids`: 1, or 3 where they are `[3, batch, tokens]`. */
  positionAxes: number;
  /** Whether a run gives keys and values of the new tokens alone; see {@link newKvPrefix}. */
  givesNewKvOnly: boolean;
}

/** Throws `model.invalidGraph` when the graph takes or gives other tensors than a decoder. */
export function decoderTensors(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
): DecoderTensors {
  const takesIds = inputs.some(({ name }) => name === 'input_ids');
  const embeds = takesIds ? undefined : requireTensor(inputs, 'inputs_embeds', 'decoder', 3);
  requireTensor(inputs, 'attention_mask', 'decoder', 2);
  requireTensor(outputs, 'logits', 'decoder', 3);
  const givesNewKvOnly = outputs.some(({ name }) => name.startsWith(newKvPrefix));
  const layers = layerNames(inputs, outputs, givesNewKvOnly ? newKvPrefix : 'present');
  const positions = inputs.find(({ name }) => name === 'position_ids');
  return {
    embeds: embeds && { type: floatType(embeds.type, embeds.name), hidden: fixedSize(embeds, 2) },
    layers,
    kv: kvSpec(inputs, layers),
    inputs: new Set(inputs.map(({ name }) => name)),
    positionAxes: positions?.shape.length === 3 ? 3 : 1,
    givesNewKvOnly,
  };
}

function layerNames(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  prefix: string,
): LayerNames[] {
  const pasts = inputs.filter(({ name }) => name.endsWith('.key'));
  if (pasts.length === 0) {
    throw new VistazoError(
      'model.invalidGraph',
      'The decoder takes no past_key_values; export it with a KV cache.',
    );
  }
  return pasts.map(({ name: key }) => {
    const value = key.replace(/\.key$/, '.value');
    requireTensor(inputs, value, 'decoder', 4);
    const present = (name: string) =>
      requireTensor(outputs, name.replace(/^past_key_values/, prefix), 'decoder').name;
    return { key, value, presentKey: present(key), presentValue: present(value) };
  });
}

function kvSpec(inputs: readonly TensorSpec[], layers: readonly LayerNames[]): KvSpec {
  const spec = requireTensor(inputs, layers[0]?.key ?? '', 'decoder', 4);
  return {
    type: floatType(spec.type, spec.name),
    layers: layers.length,
    kvHeads: fixedSize(spec, 1),
    headDim: fixedSize(spec, 3),
  };
}

function fixedSize({ name, shape }: TensorSpec, axis: number): number {
  const size = shape[axis];
  if (typeof size === 'number' && size > 0) return size;
  throw new VistazoError(
    'model.invalidGraph',
    `Dimension ${axis} of the tensor ${name} must be a fixed size, not ${size}.`,
  );
}
