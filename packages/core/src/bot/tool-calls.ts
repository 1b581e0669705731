import type { ToolCall } from '../backend/vision-language-model.js';
import { VistazoError } from '../errors.js';
import type { PluginHost } from '../plugin/plugin-host.js';
import type { MessageFacts, SharedMessage } from '../plugin/plugin-message.js';
import { BadToolInput, type Tool } from '../plugin/tool.js';

/** A call that a policy decides about. */
export interface ToolRequest
  extends Pick<MessageFacts, 'tenant' | 'adapter' | 'conversationKey' | 'author'> {
  plugin: string;
  tool: string;
  /** As the model gave it; not checked yet. */
  input: unknown;
}

/** Which tools a model may call: those of these names, or what a function says of each call. */
export type ToolPolicy = readonly string[] | ((request: ToolRequest) => boolean | Promise<boolean>);

/** What a model may do with the tools of a bot's plugins. */
export interface ToolRules {
  /** Default none. */
  allow: ToolPolicy;
  /** Most times that a model calls tools before it must answer, 1 or more. Default 5. */
  maxRounds?: number;
}

/** A tool of a plugin that is enabled in the message's tenant. */
export interface HostedTool {
  plugin: string;
  tool: Tool;
}

/** Of the result of a tool, what the model sees. */
const maxResultLength = 20_000;
/** Of one round; what is more is refused. */
const maxCallsAtOnce = 16;

/** The tools of one answer, within the policy. @internal */
export class ToolCalls {
  readonly #tools: ReadonlyMap<string, HostedTool>;

  constructor(
    tools: readonly HostedTool[],
    private readonly host: PluginHost,
    private readonly message: SharedMessage,
    private readonly rules: ToolRules,
    /** Unique for this answer, the same at each attempt. */
    private readonly answerKey: string,
  ) {
    this.#tools = new Map(
      tools
        .filter(({ tool }) => this.#isNamed(tool))
        .map((each) => [each.tool.description.name, each]),
    );
  }

  get offered() {
    return [...this.#tools.values()].map(({ tool }) => tool.description);
  }

  get maxRounds(): number {
    return this.rules.maxRounds ?? 5;
  }

  /** What came of each call, for the model. */
  async run(calls: readonly ToolCall[], round: number): Promise<string[]> {
    const results: string[] = [];
    for (const [index, call] of calls.entries()) {
      this.message.facts.signal.throwIfAborted();
      const isTooMany = index >= maxCallsAtOnce;
      results.push(
        isTooMany
          ? `At most ${maxCallsAtOnce} calls are made at once.`
          : await this.#runOne(call, `${this.answerKey} ${round} ${index}`),
      );
    }
    return results;
  }

  async #runOne({ name, input: written }: ToolCall, callKey: string): Promise<string> {
    const hosted = this.#tools.get(name);
    if (hosted === undefined) return `There is no tool ${JSON.stringify(name)}.`;
    const input = parsed(written);
    if (input === undefined) return 'The input is no JSON.';
    if (!(await this.#isAllowed(hosted, input.value))) return 'This call is not allowed.';
    let result: string | undefined;
    await this.host.runTool(hosted, this.message, input.value, callKey, (outcome) => {
      result =
        outcome instanceof BadToolInput
          ? `The input is not right: ${outcome.message}`
          : said(outcome);
    });
    return result ?? 'The tool failed.';
  }

  #isNamed({ description: { name } }: Tool): boolean {
    const { allow } = this.rules;
    return typeof allow === 'function' || allow.includes(name);
  }

  async #isAllowed({ plugin, tool }: HostedTool, input: unknown): Promise<boolean> {
    const { allow } = this.rules;
    if (typeof allow !== 'function') return true;
    const { tenant, adapter, conversationKey, author } = this.message.facts;
    const place = { tenant, adapter, conversationKey, author };
    // A policy that fails allows nothing.
    return Promise.resolve()
      .then(() => allow({ ...place, plugin, tool: tool.description.name, input }))
      .then((isAllowed) => isAllowed === true)
      .catch(() => false);
  }
}

function parsed(written: string): { value: unknown } | undefined {
  try {
    // Models write nothing at all for a tool that takes nothing.
    return { value: written.trim() === '' ? {} : JSON.parse(written) };
  } catch {
    return undefined;
  }
}

function said(result: unknown): string {
  const text = typeof result === 'string' ? result : (JSON.stringify(result) ?? 'Done.');
  return text.slice(0, maxResultLength);
}

/** Throws `option.invalid`. @internal */
export function checkToolRules({ maxRounds = 1 }: ToolRules): void {
  if (Number.isInteger(maxRounds) && maxRounds >= 1) return;
  throw new VistazoError(
    'option.invalid',
    `The option tools.maxRounds is ${maxRounds}; it is a whole number of 1 or more.`,
  );
}
