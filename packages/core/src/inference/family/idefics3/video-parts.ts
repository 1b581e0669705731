import type { TemplateMessage } from '../../tokenize/chat-template.js';
import type { VideoFrames } from '../model-family.js';
import { numberWords } from './number-words.js';

/** Frames a second of a video whose times are not known, as the reference takes it. */
const usualFrameRate = 24;

/**
 * What stands in a message for a video, as `SmolVLMProcessor` writes it: how many frames there are, and the
 * time before each. Source: transformers `models/smolvlm/processing_smolvlm.py`.
 */
export function videoParts({ frames, atMs, durationMs }: VideoFrames): TemplateMessage['content'] {
  const seconds = Array.from({ length: frames }, (_, index) =>
    atMs === undefined ? index / usualFrameRate : (atMs[index] ?? 0) / 1000,
  );
  const duration = durationMs === undefined ? (seconds.at(-1) ?? 0) : durationMs / 1000;
  const intro = `You are provided the following series of ${numberWords(frames)} frames from a ${clock(duration)} [H:MM:SS] video.\n`;
  const shown = seconds.flatMap((each, index): TemplateMessage['content'] => [
    { type: 'text', text: `${index === 0 ? intro : ''}\nFrame from ${minutes(each)}:` },
    { type: 'image' },
  ]);
  return [...shown, { type: 'text', text: '\n\n' }];
}

const twoDigits = (value: number) => String(value).padStart(2, '0');

/** `MM:SS` in whole seconds; there may be more than 99 minutes. */
function minutes(seconds: number): string {
  return `${twoDigits(Math.floor(seconds / 60))}:${twoDigits(Math.floor(seconds % 60))}`;
}

/** Python's `str(timedelta(…))` of whole seconds. */
function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3600) % 24;
  const time = `${hours}:${twoDigits(Math.floor(whole / 60) % 60)}:${twoDigits(whole % 60)}`;
  return days === 0 ? time : `${days} day${days === 1 ? '' : 's'}, ${time}`;
}
