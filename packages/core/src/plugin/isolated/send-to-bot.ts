import { Socket } from 'node:net';
import { FrameReader, frameOf } from '../../processes/frames.js';
import { framesFd } from '../../processes/spawn-module.js';
import type { FromPlugin, ToPlugin } from './protocol.js';

const pipe = new Socket({ fd: framesFd, readable: true, writable: true });

/** Sends a message to the bot. It may be gone already; then nobody waits for the message. @internal */
export function sendToBot(message: FromPlugin): void {
  if (pipe.writable) pipe.write(frameOf(message));
}

/** Hears what the bot sends; the process ends when the bot does. @internal */
export function hearBot(hear: (message: ToPlugin) => void): void {
  const reader = new FrameReader();
  pipe.on('data', (chunk) => {
    // The bot sends what its protocol says.
    for (const { message } of reader.read(chunk)) hear(message as ToPlugin);
  });
  pipe.on('error', () => process.exit(0)).on('close', () => process.exit(0));
}
