/** A family that is measured. */
export interface MeasuredFamily {
  /** The `model_type` in its `config.json`. */
  family: string;
  /** What people call it. */
  title: string;
  /** Its random model in test/reference/. */
  folder: string;
  kind: 'answers' | 'embeddings';
}

/** All families, one random model each. */
export const measuredFamilies: readonly MeasuredFamily[] = [
  { family: 'idefics3', title: 'Idefics3, SmolVLM', folder: 'tiny-idefics3', kind: 'answers' },
  { family: 'smolvlm', title: 'SmolVLM with videos', folder: 'tiny-smolvlm', kind: 'answers' },
  { family: 'llava', title: 'LLaVA-1.5', folder: 'tiny-llava', kind: 'answers' },
  { family: 'qwen2_vl', title: 'Qwen2-VL', folder: 'tiny-qwen2-vl', kind: 'answers' },
  { family: 'qwen2_5_vl', title: 'Qwen2.5-VL', folder: 'tiny-qwen2.5-vl', kind: 'answers' },
  { family: 'llama', title: 'Llama (Mistral, SmolLM2)', folder: 'tiny-llama', kind: 'answers' },
  { family: 'qwen2', title: 'Qwen2', folder: 'tiny-qwen2', kind: 'answers' },
  { family: 'clip', title: 'CLIP', folder: 'tiny-clip', kind: 'embeddings' },
];
