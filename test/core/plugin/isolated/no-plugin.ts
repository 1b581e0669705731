import { definePlugin } from '@vistazo/core';
import { z } from 'zod';

/** Says that it is isolated, but is not what its module exports. */
export const misplaced = definePlugin({
  name: 'misplaced',
  version: '1.0.0',
  config: z.object({}),
  isolated: true,
  module: import.meta.url,
  setup() {},
});
