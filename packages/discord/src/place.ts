/** Where something happened, as Discord tells it. */
export interface Place {
  /** Absent in direct messages. */
  guildId: string | undefined;
  channelId: string;
  /** Who is spoken with, where it is a direct message. */
  userId: string | undefined;
}

/** The tenant of a server. */
export function guildTenant(guildId: string): string {
  return guildId;
}

/** Whose bot it is in a place: the server's, or in direct messages the person's. */
export function tenantOf({ guildId, userId }: Place): string {
  return guildId === undefined ? `dm:${userId}` : guildTenant(guildId);
}

/** The server that is a tenant; undefined where that is a person. */
export function guildOf(tenant: string): string | undefined {
  return tenant.startsWith('dm:') ? undefined : tenant;
}

/** The number in the id of a message, or of a command (`command:` and its id); undefined where it has none. */
export function snowflakeOf(messageId: string): bigint | undefined {
  const id = messageId.replace(/^\w+:/, '');
  return isSnowflake(id) ? BigInt(id) : undefined;
}

/** When a message with this id was made, in milliseconds since 1970; undefined for what is no id of Discord. */
export function createdAtMs(id: string): number | undefined {
  return isSnowflake(id) ? Number(BigInt(id) >> 22n) + discordEpochMs : undefined;
}

/** The smallest id that Discord gives in a millisecond since 1970. */
export function firstIdAt(atMs: number): string {
  return String(BigInt(Math.max(0, Math.floor(atMs) - discordEpochMs)) << 22n);
}

/** Whether it is an id that Discord gave. */
export function isSnowflake(id: string): boolean {
  return /^\d{15,21}$/.test(id);
}

const discordEpochMs = 1_420_070_400_000;
