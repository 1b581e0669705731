import { definePlugin } from '@vistazo/core';
import { z } from 'zod';

/** A plugin with one command, `/hello who=Ana`, which looks at a picture if there is one. */
export const hello = definePlugin({
  name: 'hello',
  version: '1.0.0',
  config: z.object({ greeting: z.string().default('Hello') }),
  setup({ command }) {
    command({
      name: 'hello',
      description: 'Greets, and says what is in the picture',
      pictures: 'optional',
      options: z.object({ who: z.string().max(100).default('you').describe('Whom to greet') }),
      async run({ options, config, pictures, generate, reply }) {
        const greeting = `${config.greeting}, ${options.who}!`;
        if (pictures.length === 0) return reply(greeting);
        const seen = await generate({ prompt: 'What is in the picture?' });
        reply(`${greeting} I see: ${seen}`);
      },
    });
  },
});
