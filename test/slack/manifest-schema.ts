import { z } from 'zod';

/** Slack’s documented limits of app manifests. Source: https://docs.slack.dev/reference/app-manifest */
const address = z.url({ protocol: /^https$/ });

const shortcutSchema = z.strictObject({
  name: z.string().min(1).max(24),
  type: z.enum(['message', 'global']),
  callback_id: z.string().min(1).max(255),
  description: z.string().min(1).max(150),
});

const slashCommandSchema = z.strictObject({
  command: z
    .string()
    .max(32)
    .regex(/^\/[a-z0-9_-]+$/),
  description: z.string().min(1).max(2000),
  usage_hint: z.string().min(1).max(1000).optional(),
  should_escape: z.boolean(),
  url: address.optional(),
});

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

/** What Slack takes as a manifest of version 2, as far as bots of ours use it; other keys are faults. */
export const manifestSchema = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(2), minor_version: z.int() }),
  display_information: z.strictObject({
    name: z.string().min(1).max(35),
    description: z.string().max(140),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.boolean(),
      messages_tab_enabled: z.boolean(),
      messages_tab_read_only_enabled: z.boolean(),
    }),
    bot_user: z.strictObject({
      display_name: z
        .string()
        .max(80)
        .regex(/^[a-z0-9_.-]+$/),
      always_online: z.boolean(),
    }),
    shortcuts: z
      .array(shortcutSchema)
      .max(10)
      .refine((all) => isUnique(all.map(({ callback_id }) => callback_id)))
      .optional(),
    slash_commands: z
      .array(slashCommandSchema)
      .max(50)
      .refine((all) => isUnique(all.map(({ command }) => command)))
      .optional(),
    assistant_view: z
      .strictObject({
        assistant_description: z.string().min(1).max(300),
        suggested_prompts: z
          .array(z.strictObject({ title: z.string().min(1), message: z.string().min(1) }))
          .max(4),
      })
      .optional(),
  }),
  oauth_config: z.strictObject({
    redirect_urls: z.array(address).optional(),
    scopes: z.strictObject({ bot: z.array(z.string()).max(255).refine(isUnique) }),
  }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({
      request_url: address.optional(),
      bot_events: z.array(z.string()).max(100).refine(isUnique),
    }),
    interactivity: z.strictObject({ is_enabled: z.boolean(), request_url: address.optional() }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.boolean(),
    token_rotation_enabled: z.boolean(),
  }),
});
