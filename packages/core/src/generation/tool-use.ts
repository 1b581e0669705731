/** A function that a model may call. */
export interface ToolDescription {
  /** Letters, digits, `_` and `-`, at most 64. */
  name: string;
  /** What it does and when to call it, for the model. */
  description: string;
  /** JSON Schema of what it is called with. */
  inputSchema: Record<string, unknown>;
}

/** A call as a model wrote it; nothing of it can be trusted. */
export interface ToolCall {
  /** Unique within the answer. */
  id: string;
  name: string;
  /** Meant to be JSON. */
  input: string;
}

/** What a model said and called before it went on, and what came of each call. */
export interface ToolRound {
  text: string;
  calls: readonly ToolCall[];
  /** In the order of the calls. */
  results: readonly string[];
}

/** The tools of one answer. */
export interface ToolUse {
  offered: readonly ToolDescription[];
  /** What was called in this answer before, oldest first. */
  rounds: readonly ToolRound[];
  /** Whether it may call more; otherwise it must answer with what it has. */
  mayCall: boolean;
}
