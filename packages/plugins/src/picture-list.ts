import { type ConversationPicture, fenceText } from '@vistazo/core';

/** How people and the model speak of a picture: `picture 2 (chart.png, from Ana)`. */
function called({ number, name, author }: ConversationPicture): string {
  return `picture ${number} (${[name ?? [], `from ${author}`].flat().join(', ')})`;
}

/**
 * The pictures of a conversation by number. File names and names of people are theirs to choose, so
 * that the list is fenced as material.
 */
export function pictureList(pictures: readonly ConversationPicture[]): string {
  const first = new Map(pictures.toReversed().map((picture) => [picture.number, picture]));
  const distinct = pictures.filter((picture) => first.get(picture.number) === picture);
  return fenceText('pictures in their order', distinct.map(called).join('; '));
}
