import type { CommandDescription } from '@vistazo/core';

/** A command that takes pictures and options of all sorts. */
export const altText: CommandDescription = {
  name: 'alt-text',
  description: 'Writes an alternative text',
  options: [
    {
      name: 'language',
      description: 'Of the text',
      type: 'string',
      required: false,
      choices: ['English', 'Spanish'],
    },
    { name: 'words', description: 'At most', type: 'integer', required: false, min: 1, max: 50 },
  ],
  pictures: 'required',
};

/** A command that needs words. */
export const tickets: CommandDescription = {
  name: 'tickets',
  description: 'Lists the tickets',
  options: [{ name: 'product', description: 'Of what', type: 'string', required: true }],
  pictures: 'none',
};
