import { toVistazoError } from '../../errors.js';
import { sendToParent } from '../../processes/send-to-parent.js';
import { optimiseDecoder } from './optimise-decoder.js';
import type { OptimiseReply, OptimiseRequest } from './optimise-protocol.js';

/** A process that optimises one decoder, so that the memory for it goes with the process. */
process.once('message', ({ path, heads, intraOpThreads }: OptimiseRequest) => {
  const options = intraOpThreads === undefined ? {} : { intraOpThreads };
  const reply = (message: OptimiseReply) => sendToParent(message);
  optimiseDecoder(path, heads, options).then(
    (outcome) => reply(outcome),
    (error: unknown) => reply({ isOptimised: false, reason: toVistazoError(error).message }),
  );
});
process.on('disconnect', () => process.exit(0));
// A terminal sends its interrupt to the whole group; only the main process decides about the end.
process.on('SIGINT', () => {});
