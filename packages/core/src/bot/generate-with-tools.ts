import type {
  GenerateCallOptions,
  GenerationEvent,
  ToolRound,
  VisionLanguageModel,
} from '../backend/vision-language-model.js';
import type { ChatMessage } from '../conversation/chat-message.js';
import type { GenerationOptions } from '../generation/generation-options.js';
import type { ToolCalls } from './tool-calls.js';

type EndEvent = Extract<GenerationEvent, { type: 'end' }>;

/**
 * Answers as the model does, and meanwhile runs the tools that it calls. The rounds are one answer: one
 * `prompt`, the texts with a blank line between those of two rounds, and an `end` that sums them up. @internal
 */
export async function* generateWithTools(
  model: VisionLanguageModel,
  messages: readonly ChatMessage[],
  options: GenerationOptions & GenerateCallOptions,
  tools: ToolCalls | undefined,
): AsyncGenerator<GenerationEvent> {
  if (tools === undefined) return yield* model.generate(messages, options);
  const rounds: ToolRound[] = [];
  let ended: EndEvent | undefined;
  for (;;) {
    const use = { offered: tools.offered, rounds, mayCall: rounds.length < tools.maxRounds };
    const before = ended?.text ?? '';
    const round = new Round(before);
    for await (const event of model.generate(messages, { ...options, tools: use })) {
      // What it sees in later rounds is the same, and what it called.
      if (event.type === 'prompt' && rounds.length > 0) continue;
      yield* round.take(event);
    }
    if (round.end === undefined) return;
    ended = ended === undefined ? round.end : summed(ended, round.end);
    if (round.calls.length === 0) {
      yield ended;
      return;
    }
    const results = await tools.run(round.calls, rounds.length);
    rounds.push({ text: round.end.text, calls: round.calls, results });
  }
}

/** One answer of the model, after which it may be told what came of its calls. */
class Round {
  end: EndEvent | undefined;
  calls: ToolRound['calls'] = [];
  #isSilent = true;

  constructor(private readonly before: string) {}

  *take(event: GenerationEvent): Generator<GenerationEvent> {
    if (event.type === 'end') this.end = event;
    else if (event.type === 'toolCalls') this.calls = event.calls;
    else if (event.type === 'text') {
      const gap = this.#isSilent ? gapAfter(this.before) : '';
      this.#isSilent = false;
      yield { type: 'text', text: gap + event.text };
    } else {
      yield event;
      if (event.type !== 'restart') return;
      this.#isSilent = true;
      if (this.before !== '') yield { type: 'text', text: this.before };
    }
  }
}

function gapAfter(before: string): string {
  return before === '' ? '' : '\n\n';
}

/** Two rounds as one: they run one after the other, and each reads the prompt. */
function summed(first: EndEvent, second: EndEvent): EndEvent {
  const gap = second.text === '' ? '' : gapAfter(first.text);
  return {
    ...second,
    text: first.text + gap + second.text,
    usage: {
      ...second.usage,
      answerTokens: first.usage.answerTokens + second.usage.answerTokens,
    },
    timings: {
      ...first.timings,
      queueMs: first.timings.queueMs + second.timings.queueMs,
      totalMs: first.timings.totalMs + second.timings.totalMs,
      tokensPerSecond: second.timings.tokensPerSecond,
    },
  };
}
