import { z } from 'zod';
import { commandCallSchema } from './platform-event.js';

/** Most actions below one reply. */
export const maxReplyActions = 5;
/** Most options that one action asks for: dialogs of platforms have no more fields. */
const maxAsked = 5;
/** Most characters (UTF-16 units) of a value that is shown in a dialog. */
const maxShownValueLength = 4000;

/**
 * A button below what a plugin says, for whoever sees it. To press it is to call a command of the plugin, with
 * all that holds for commands: who may call it is for the command to say.
 */
export const replyActionSchema = z.strictObject({
  /** What stands on it; 1 to 40 characters. */
  label: z.string().trim().min(1).max(40),
  /** The command that is called, with the options that are known already. */
  command: commandCallSchema,
  /**
   * Options of the command that a dialog asks for before it is called, at most 5, with what each shows at first.
   * What is left empty is not given, nor what is left as it was shown, unless the command requires it. Default:
   * none, and no dialog.
   */
  ask: z
    .array(
      z.strictObject({ option: z.string(), value: z.string().max(maxShownValueLength).optional() }),
    )
    .max(maxAsked)
    .readonly()
    .optional(),
  /** How it stands out. Default: like any other button. */
  style: z.enum(['primary', 'danger']).optional(),
});
/** See {@link replyActionSchema}. */
export type ReplyAction = z.infer<typeof replyActionSchema>;
