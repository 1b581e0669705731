import type { ErrorCode } from '../../errors.js';
import type { TokenCount } from '../../generation/token-count.js';
import type { ImageLayout } from '../family/image-layout.js';
import type { FamilyConfig } from '../family/registry.js';
import type { TemplateMessage } from './chat-template.js';
import type { TokenizerFiles } from './tokenizer.js';

/** What of a model the thread needs that counts. */
export interface CountingModel {
  tokenizer: TokenizerFiles;
  chatTemplate: string;
  templateVariables: Record<string, string>;
  family: FamilyConfig;
}

/** Messages to count, and the layouts of their pictures in order. */
export interface CountRequest {
  messages: TemplateMessage[];
  layouts: ImageLayout[];
}

/** What the thread is asked; without a `cacheScope` nothing is kept of it. */
export type CountingRequest =
  | { type: 'count'; id: number; request: CountRequest; cacheScope: string | null }
  | { type: 'forget'; id: number; cacheScope: string };

/** What it answers; `id` is that of the request. */
export type CountingReply =
  | { type: 'count'; id: number; count: TokenCount }
  | { type: 'forgotten'; id: number }
  | { type: 'failed'; id: number; error: { code: ErrorCode; message: string } };
