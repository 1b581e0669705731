import type { TextPart } from './chat-message.js';
import type { MessagePart, PlaceInFile } from './message.js';

/**
 * The parts of a message as a model is shown them: before a picture that is a part of a file stands which
 * one. Nothing of it comes from the file but numbers. @internal
 */
export function withPlaces(parts: readonly MessagePart[]): MessagePart[] {
  return parts.flatMap((part) => [...placeOf(part), part]);
}

function placeOf(part: MessagePart): TextPart[] {
  return part.type === 'image' ? placeText(part.provenance.place) : [];
}

/** What stands before a picture that is a part of a file; nothing before others. @internal */
export function placeText(place: PlaceInFile | undefined): TextPart[] {
  return place === undefined ? [] : [{ type: 'text', text: `${describe(place)}:` }];
}

function describe(place: PlaceInFile): string {
  return place.type === 'page'
    ? `Page ${place.page} of ${place.pages}`
    : `Video at ${clockTime(place.atMs)} of ${clockTime(place.durationMs)}`;
}

/** A time of a video in whole seconds, such as `0:03` or `1:02:03`. @internal */
export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  const beginning = hours === 0 ? String(minutes) : `${hours}:${twoDigits(minutes)}`;
  return `${beginning}:${twoDigits(seconds % 60)}`;
}
