/** One option of a command, as a platform asks for it. */
export interface CommandOption {
  name: string;
  description: string;
  type: 'string' | 'number' | 'integer' | 'boolean';
  required: boolean;
  /** What may be chosen; absent where anything may be said. */
  choices?: readonly string[];
  /** Bounds of a number, or of the length of a string. */
  min?: number;
  max?: number;
}

/** Commands that adapters have themselves where a platform has commands of its own. @internal */
export const ownCommandNames = ['ask', 'describe', 'model', 'help', 'forget'] as const;

/** A command as a platform makes it known. */
export interface CommandDescription {
  /** Small letters, digits and hyphens, at most 32. */
  name: string;
  /** One sentence of at most 100 characters. */
  description: string;
  options: readonly CommandOption[];
  /** Whether it takes pictures, which the person attaches or which are those of the message it is called on. */
  pictures: 'none' | 'optional' | 'required';
}
