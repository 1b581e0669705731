import type { CommandDescription } from '@vistazo/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseCall } from '../../packages/cli/src/run/parse-call.ts';

const option = (name: string, type: 'string' | 'number' | 'integer' | 'boolean') => ({
  name,
  type,
  description: name,
  required: false,
});
const command: CommandDescription = {
  name: 'demo',
  description: 'A command',
  pictures: 'optional',
  options: [
    option('text', 'string'),
    option('share', 'number'),
    option('count', 'integer'),
    option('loud', 'boolean'),
  ],
};

it('options and pictures are read as they were written, in whatever order', () => {
  const options = fc.record(
    {
      text: fc.string(),
      share: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      count: fc.integer(),
      loud: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const pictures = fc.array(fc.string().filter((path) => !path.startsWith('--')));
  fc.assert(
    fc.property(options, pictures, fc.boolean(), (given, paths, isAfter) => {
      const words = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
      const call = parseCall(command, isAfter ? [...words, ...paths] : [...paths, ...words]);
      expect(call).toEqual({ options: given, pictures: paths });
    }),
  );
});
