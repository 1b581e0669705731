export type * from './adapter/adapter.js';
export type * from './adapter/adapter-storage.js';
export type * from './adapter/command-description.js';
export * from './adapter/platform-event.js';
export type { ReplyAction } from './adapter/reply-action.js';
export {
  type Classification,
  type ClassifyOptions,
  createEmbeddingModel,
  type EmbeddingCallOptions,
  type EmbeddingModel,
  type EmbeddingModelInfo,
  type EmbeddingModelOptions,
} from './backend/embedding-model.js';
export { fileParts } from './backend/file-parts.js';
export {
  type GeneratedObject,
  generateObject,
  type ObjectOptions,
} from './backend/generate-object.js';
export { createLocalModel } from './backend/local-model.js';
export type { LocalModelOptions } from './backend/local-model-options.js';
export type { ModelServer, ServerDialect } from './backend/server/model-server.js';
export { createServerModel, type ServerModelOptions } from './backend/server/server-model.js';
export type * from './backend/vision-language-model.js';
export type { BotLimits } from './bot/bot-limits.js';
export {
  type ChatPlatform,
  type ChatPlatformOptions,
  createChatPlatform,
} from './bot/chat-platform.js';
export type * from './bot/chat-service.js';
export { type Bot, type BotOptions, createBot, defaultKeepDays } from './bot/create-bot.js';
export { type ChatServiceOptions, createChatService } from './bot/create-chat-service.js';
export { describeCommands } from './bot/describe-commands.js';
export {
  type ExportedConversation,
  type ExportedMessage,
  type ExportFilter,
  exportConversations,
} from './bot/export-conversations.js';
export { type ForgetDataOptions, forgetData } from './bot/forget-data.js';
export type { CleanPicture, PictureNormaliser } from './bot/new-pictures.js';
export type { PluginControl } from './bot/plugin-control.js';
export type { ToolPolicy, ToolRequest, ToolRules } from './bot/tool-calls.js';
export * from './conversation/chat-message.js';
export type * from './conversation/context-plan.js';
export { planContext } from './conversation/context-plan.js';
export { Conversation, type ConversationState, type Place } from './conversation/conversation.js';
export { fenceText } from './conversation/fence.js';
export * from './conversation/message.js';
export { parseChatMessages } from './conversation/parse-chat-messages.js';
export * from './errors.js';
export * from './generation/generation-options.js';
export { defaultCacheDir, isHubId, type LoadProgress } from './inference/files/hub.js';
export {
  completeVariants,
  type GraphFiles,
  type ModelVariant,
  modelVariants,
  parseModelVariant,
} from './inference/files/model-files.js';
export { describeModel, type ModelDescription } from './inference/files/model-folder.js';
export type { NormalisedPicture, PictureInfo } from './media/decode.js';
export { fetchPicture } from './media/fetch-picture.js';
export type { FileHeaders, FileHost } from './media/file-hosts.js';
export type { FilePicture } from './media/file-pictures.js';
export { type FetchOptions, guardedFetch } from './media/guarded-fetch.js';
export { guardedPost, type PostOptions } from './media/guarded-post.js';
export { type FileOptions, type MediaOptions, MediaProcess } from './media/media-process.js';
export { defaultPictureLimits, type PictureLimits } from './media/picture-limits.js';
export type { ResolveName } from './media/public-addresses.js';
export type { PixelRectangle } from './media/redact.js';
export type { VideoPrograms } from './media/video/video-reader.js';
export type { Clock } from './plugin/clock.js';
export type { CommandContext, CommandDefinition, OptionsSchema } from './plugin/command.js';
export { definePlugin, type Plugin } from './plugin/define-plugin.js';
export type { FeedbackContext } from './plugin/feedback.js';
export type { ForgetContext } from './plugin/forgetting.js';
export type { Generate, GenerateOptions } from './plugin/generate.js';
export type * from './plugin/plugin.js';
export type {
  ConversationPicture,
  MessagePicture,
  PluginMessage,
} from './plugin/plugin-message.js';
export type { RedactedPicture } from './plugin/redacted-picture.js';
export type { Reply, ReplyOptions } from './plugin/reply-options.js';
export type { RouteHandler, RouteMethod } from './plugin/route.js';
export type { ReportFault } from './plugin/run-middleware.js';
export type { ScheduleDefinition } from './plugin/schedule.js';
export type { TenantPlugin } from './plugin/tenant-plugins.js';
export type { ToolContext, ToolDefinition } from './plugin/tool.js';
export { harmlessText, type LinkPolicy, linksIn } from './reply/harmless-text.js';
export { splitAnswer } from './reply/split-answer.js';
export { splitText } from './reply/split-text.js';
export type * from './store/conversation-store.js';
export type { ForgetRequest, Forgotten } from './store/forgetting.js';
export type * from './store/job-store.js';
export type { PluginStorage } from './store/plugin-storage.js';
export {
  openPostgresStore,
  type PostgresStoreOptions,
} from './store/postgres/open-postgres-store.js';
export { openSqliteStore, type SqliteStoreOptions } from './store/sqlite/open-sqlite-store.js';
export type { Store } from './store/store.js';
export { type LogDestination, type Logger, type LogOptions, openLogger } from './telemetry/log.js';
export type { PluginMetrics } from './telemetry/plugin-metrics.js';
