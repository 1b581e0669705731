import type { TextPart } from './chat-message.js';
import type { PlaceInFile } from './message.js';

/**
 * What stands before a picture that is a part of a file; nothing before others. Nothing of it comes from
 * the file but numbers. @internal
 */
export function placeText(place: PlaceInFile | undefined): TextPart[] {
  if (place === undefined) return [];
  const words = describePlace(place);
  return [{ type: 'text', text: `${words.charAt(0).toUpperCase()}${words.slice(1)}:` }];
}

/** Such as `page 2 of 5` or `video at 0:03 of 0:12`. @internal */
export function describePlace(place: PlaceInFile): string {
  return place.type === 'page'
    ? `page ${place.page} of ${place.pages}`
    : `video at ${clockTime(place.atMs)} of ${clockTime(place.durationMs)}`;
}

/** A time of a video in whole seconds, such as `0:03` or `1:02:03`. @internal */
export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  const beginning = hours === 0 ? String(minutes) : `${hours}:${twoDigits(minutes)}`;
  return `${beginning}:${twoDigits(seconds % 60)}`;
}
