import { z } from 'zod';
import { type ImageSource, imageSourceSchema } from '../conversation/chat-message.js';
import { VistazoError } from '../errors.js';
import { EmbeddingClient } from '../inference/embedding/embedding-client.js';
import {
  describeEmbeddingModel,
  type EmbeddingModelDescription,
  embeddingRoles,
} from '../inference/files/embedding-folder.js';
import { isHubId, openHubModel } from '../inference/files/hub.js';
import type { ModelVariant } from '../inference/files/model-files.js';
import { requireOnnxRuntime } from '../inference/onnx/require-onnx-runtime.js';
import { aboutPicture } from '../media/about-picture.js';
import { MediaProcess } from '../media/media-process.js';
import { unlessAborted } from '../unless-aborted.js';
import type { LocalModelOptions } from './local-model-options.js';
import { storedLimits, toPictureSource } from './picture-sources.js';
import type { ModelCallOptions } from './vision-language-model.js';

/** Options of {@link createEmbeddingModel}; see {@link LocalModelOptions}. */
export type EmbeddingModelOptions = Pick<
  LocalModelOptions,
  'model' | 'id' | 'variant' | 'intraOpThreads' | 'cacheDir' | 'hubUrl' | 'onProgress' | 'signal'
>;

/** What is known of a model that makes embeddings. */
export interface EmbeddingModelInfo {
  id: string;
  variant: ModelVariant;
  /** Numbers of an embedding. */
  dimensions: number;
}

/** Options of a call. */
export type EmbeddingCallOptions = Pick<ModelCallOptions, 'signal' | 'resolvePicture'>;

/** Options of {@link EmbeddingModel.classify}. */
export interface ClassifyOptions extends EmbeddingCallOptions {
  /** The text in which a label stands at `{}`. Default `This is a photo of {}.` */
  template?: string;
  /** What cosines are multiplied by before the softmax, > 0. Default 100, at which the training of such models usually ends. */
  logitScale?: number;
}

/** A label and how well it fits. */
export interface Classification {
  label: string;
  /** 0 to 1; those of all labels add up to 1. */
  score: number;
}

/**
 * A model that gives texts and pictures vectors in one space. Each has length 1, so that the dot product of
 * two is their cosine: 1 where they mean the same. An abort rejects with the reason of the signal.
 */
export interface EmbeddingModel {
  readonly info: EmbeddingModelInfo;
  /**
   * The embedding of a text, or of each of several. A longer text than the model reads is cut at its end.
   * Throws `option.invalid` and `engine.*`.
   */
  embedText(text: string, options?: EmbeddingCallOptions): Promise<Float32Array>;
  embedText(texts: readonly string[], options?: EmbeddingCallOptions): Promise<Float32Array[]>;
  /**
   * The embedding of a picture (of an animation, of its first frame), or of each of several.
   * Throws `option.invalid`, `picture.*`, `fetch.*` and `engine.*`.
   */
  embedImage(image: ImageSource, options?: EmbeddingCallOptions): Promise<Float32Array>;
  embedImage(
    images: readonly ImageSource[],
    options?: EmbeddingCallOptions,
  ): Promise<Float32Array[]>;
  /** Which of the labels a picture shows, the likeliest first. Throws what {@link embedImage} throws. */
  classify(
    image: ImageSource,
    labels: readonly string[],
    options?: ClassifyOptions,
  ): Promise<Classification[]>;
  /** Ends its processes. */
  close(): Promise<void>;
}

const textsSchema = z.array(z.string());
const imagesSchema = z.array(imageSourceSchema);
const labelsSchema = z
  .array(z.string().min(1))
  .min(1)
  .refine((labels) => new Set(labels).size === labels.length, 'each label must differ');
const classifySchema = z.object({
  template: z.string().includes('{}').default('This is a photo of {}.'),
  logitScale: z.number().positive().default(100),
});

/**
 * A model of texts and pictures that runs in a process of its own on this machine.
 * Throws the `model.*` codes when it cannot be loaded, and `runtime.missing` without ONNX Runtime.
 */
export async function createEmbeddingModel(
  options: EmbeddingModelOptions,
): Promise<EmbeddingModel> {
  requireOnnxRuntime();
  const { model, id, variant, intraOpThreads, onProgress, signal } = options;
  const isHub = isHubId(model);
  const folder = isHub ? await openHubModel(model, { ...options, roles: embeddingRoles }) : model;
  signal?.throwIfAborted();
  onProgress?.({ done: 0, total: 1, label: 'Loading the model' });
  const name = isHub ? model : id;
  const description = await describeEmbeddingModel(folder, {
    ...(variant !== undefined && { variant }),
    ...(name !== undefined && { id: name }),
  });
  const client = new EmbeddingClient(description, intraOpThreads);
  const dimensions = await unlessAborted(client.start(), signal).catch(async (error: unknown) => {
    await client.close();
    throw error;
  });
  const media = new MediaProcess();
  media.start();
  onProgress?.({ done: 1, total: 1, label: 'Loading the model' });
  return new LocalEmbeddingModel(description, { client, media, dimensions });
}

class LocalEmbeddingModel implements EmbeddingModel {
  readonly info: EmbeddingModelInfo;
  readonly #description: EmbeddingModelDescription;
  readonly #client: EmbeddingClient;
  readonly #media: MediaProcess;

  constructor(
    description: EmbeddingModelDescription,
    {
      client,
      media,
      dimensions,
    }: { client: EmbeddingClient; media: MediaProcess; dimensions: number },
  ) {
    this.#description = description;
    this.#client = client;
    this.#media = media;
    this.info = { id: description.id, variant: description.variant, dimensions };
  }

  embedText(text: string, options?: EmbeddingCallOptions): Promise<Float32Array>;
  embedText(texts: readonly string[], options?: EmbeddingCallOptions): Promise<Float32Array[]>;
  async embedText(
    given: string | readonly string[],
    { signal }: EmbeddingCallOptions = {},
  ): Promise<Float32Array | Float32Array[]> {
    const texts = checked(textsSchema, typeof given === 'string' ? [given] : given, 'texts');
    const embeddings =
      texts.length === 0 ? [] : await this.#client.embed({ type: 'texts', texts }, signal);
    return typeof given === 'string' ? first(embeddings) : embeddings;
  }

  embedImage(image: ImageSource, options?: EmbeddingCallOptions): Promise<Float32Array>;
  embedImage(
    images: readonly ImageSource[],
    options?: EmbeddingCallOptions,
  ): Promise<Float32Array[]>;
  async embedImage(
    given: ImageSource | readonly ImageSource[],
    call: EmbeddingCallOptions = {},
  ): Promise<Float32Array | Float32Array[]> {
    const isOne = typeof given === 'string' || given instanceof Uint8Array;
    const images = checked(imagesSchema, isOne ? [given] : given, 'images');
    const embeddings: Float32Array[] = [];
    for (const [index, image] of images.entries()) {
      const place = { index, total: images.length };
      embeddings.push(await aboutPicture(place, () => this.#embedImage(image, call)));
    }
    return isOne ? first(embeddings) : embeddings;
  }

  async #embedImage(image: ImageSource, call: EmbeddingCallOptions): Promise<Float32Array> {
    const { signal } = call;
    signal?.throwIfAborted();
    const { id, bytes } = toPictureSource(image, call);
    const frames = await this.#media.preparePictures(await bytes(), {
      family: this.#description.family,
      budget: 'full',
      maxFrames: 1,
      ...(id !== undefined && { limits: storedLimits }),
      ...(signal !== undefined && { signal }),
    });
    const [picture] = frames;
    if (picture === undefined) throw new VistazoError('internal', 'The picture has no frame.');
    return first(await this.#client.embed({ type: 'picture', picture }, signal));
  }

  async classify(
    image: ImageSource,
    labels: readonly string[],
    { template: given, logitScale: scale, ...call }: ClassifyOptions = {},
  ): Promise<Classification[]> {
    const names = checked(labelsSchema, labels, 'labels');
    const options = { template: given, logitScale: scale };
    const { template, logitScale } = checked(classifySchema, options, 'options');
    const picture = await this.embedImage(image, call);
    const texts = await this.embedText(
      names.map((label) => template.replaceAll('{}', () => label)),
      call,
    );
    const logits = texts.map((text) => logitScale * dot(picture, text));
    const scores = softmax(logits);
    return names
      .map((label, index) => ({ label, score: scores[index] ?? 0 }))
      .toSorted((a, b) => b.score - a.score);
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#media.close()]);
  }
}

/** Throws `option.invalid` naming the place and what is allowed there. */
function checked<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = [name, ...(issue?.path ?? [])].join('.');
  throw new VistazoError('option.invalid', `${place} cannot be used: ${issue?.message}.`);
}

function first(embeddings: readonly Float32Array[]): Float32Array {
  const [embedding] = embeddings;
  if (embedding !== undefined) return embedding;
  throw new VistazoError('internal', 'The process gave no embedding.');
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
