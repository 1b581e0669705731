import type { Installation, InstallationQuery, InstallationStore } from '@slack/oauth';
import { type AdapterHost, VistazoError } from '@vistazo/core';
import { z } from 'zod';
import type { SealedValues } from './sealed-values.js';

const namedSchema = z.object({ id: z.string(), name: z.string().exactOptional() });

/** What is kept of an installation: nothing of the person who made it. */
const recordSchema = z.object({
  team: namedSchema.exactOptional(),
  enterprise: namedSchema.exactOptional(),
  isEnterpriseInstall: z.boolean(),
  appId: z.string().exactOptional(),
  bot: z.object({
    token: z.string(),
    id: z.string(),
    userId: z.string(),
    scopes: z.array(z.string()),
    refreshToken: z.string().exactOptional(),
    /** In seconds since 1970. */
    expiresAt: z.number().exactOptional(),
  }),
});
type Kept = z.output<typeof recordSchema>;

/** Key of an installation within its tenant. */
const recordKey = 'installation';
/** Within a workspace: which organisation the bot is installed in for it. */
const organisationKey = 'organisation';
/** Within an organisation: begins the keys of workspaces that the bot was seen in. */
const workspacePrefix = 'workspace ';

/** Where an app may be installed. */
export interface InstallationPlace {
  teamId?: string | undefined;
  enterpriseId?: string | undefined;
  /** Whether it is installed in a whole organisation. */
  isEnterpriseInstall?: boolean | undefined;
}

/** The tenants in which the installation for a place may be kept, the likelier first. */
function tenantsOf({ teamId, enterpriseId, isEnterpriseInstall }: InstallationPlace): string[] {
  const both = isEnterpriseInstall ? [enterpriseId, teamId] : [teamId, enterpriseId];
  return both.filter((tenant) => tenant !== undefined);
}

/**
 * Where the bot is installed, kept with the bot's other state, encrypted and bound to the tenant: that of a
 * workspace with its team, that of a whole organisation under the id of the enterprise.
 */
export class InstallationRecords implements InstallationStore {
  constructor(
    private readonly adapter: string,
    private readonly storage: AdapterHost['storage'],
    private readonly sealed: SealedValues,
    /** Told when an installation is new or renewed. */
    private readonly onStored: () => void,
  ) {}

  /** Throws `store.failed`, and `option.invalid` for an installation without a bot. */
  async storeInstallation<AuthVersion extends 'v1' | 'v2'>(
    installation: Installation<AuthVersion, boolean>,
  ): Promise<void> {
    // As JSON, which has no values that are undefined.
    const given: object = JSON.parse(JSON.stringify(installation));
    const record = recordSchema.safeParse({ isEnterpriseInstall: false, ...given });
    const tenant = record.data?.isEnterpriseInstall
      ? record.data.enterprise?.id
      : record.data?.team?.id;
    if (record.data === undefined || tenant === undefined)
      throw new VistazoError(
        'option.invalid',
        'Slack gave no token of a bot; does the app have a bot user?',
      );
    const place = [this.adapter, tenant];
    await this.storage(tenant).set(recordKey, this.sealed.seal(record.data, place));
    this.onStored();
  }

  /** Throws `platform.gone` where there is none, and `store.failed`. */
  async fetchInstallation(query: InstallationQuery<boolean>): Promise<Installation<'v2', boolean>> {
    for (const tenant of tenantsOf(query)) {
      const record = await this.#read(tenant);
      if (record !== undefined) return installationOf(record);
    }
    throw new VistazoError(
      'platform.gone',
      `The bot is not installed in the workspace ${query.teamId ?? query.enterpriseId}; install it there anew.`,
    );
  }

  /** The organisation that a workspace is in, where the bot is installed in that. */
  async organisationOf(teamId: string): Promise<string | undefined> {
    return z
      .string()
      .optional()
      .catch(undefined)
      .parse(await this.storage(teamId).get(organisationKey));
  }

  /** Keeps that the bot is in a workspace by way of its organisation. */
  async noteWorkspace(enterpriseId: string, teamId: string): Promise<void> {
    if ((await this.organisationOf(teamId)) === enterpriseId) return;
    await this.storage(enterpriseId).set(`${workspacePrefix}${teamId}`, true);
    await this.storage(teamId).set(organisationKey, enterpriseId);
  }

  /** Gives the tenants that the installation was for. */
  async remove(place: InstallationPlace): Promise<string[]> {
    const [tenant] = tenantsOf(place);
    if (tenant === undefined) return [];
    const storage = this.storage(tenant);
    const workspaces = await storage.keys(workspacePrefix);
    await storage.delete(recordKey);
    return [tenant, ...workspaces.map((key) => key.slice(workspacePrefix.length))];
  }

  async #read(tenant: string): Promise<Kept | undefined> {
    const sealed = await this.storage(tenant).get(recordKey);
    if (sealed === undefined) return undefined;
    const record = recordSchema.safeParse(this.sealed.open(sealed, [this.adapter, tenant]));
    if (record.success) return record.data;
    throw new VistazoError(
      'store.failed',
      `The installation in ${tenant} cannot be decrypted; put the key that it was encrypted with behind the newest one into encryptionKeys, or install the bot there anew.`,
    );
  }
}

function installationOf({ team, enterprise, ...record }: Kept): Installation<'v2', boolean> {
  return {
    ...record,
    team,
    enterprise,
    user: { id: '', token: undefined, scopes: undefined },
    tokenType: 'bot',
    authVersion: 'v2',
  };
}
