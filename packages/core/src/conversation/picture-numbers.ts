import { type Message, type PicturePart, picturesOf } from './message.js';

/**
 * The number of each picture of each message, from 1 in the order in which they came into the
 * conversation. One that came before, such as that of an answer replied to, has the number that it had.
 * Later messages change none, nor does what is left out of a prompt. @internal
 */
export function numberPictures(messages: readonly Pick<Message, 'parts'>[]): number[][] {
  const known = new Map<string, number>();
  return messages.map((message) =>
    picturesOf(message).map((picture) => {
      const key = keyOf(picture);
      const number = known.get(key) ?? known.size + 1;
      known.set(key, number);
      return number;
    }),
  );
}

/** Pages and frames that look the same are others all the same. */
function keyOf({ image, provenance: { place } }: PicturePart): string {
  return place === undefined ? image : `${image} ${JSON.stringify(place)}`;
}
