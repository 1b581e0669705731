import { altText, imageQa } from '@vistazo/plugins';
import { hello } from './plugins/hello.js';

export default {
  // In the order in which they see messages.
  plugins: [hello({ greeting: 'Hello' }), imageQa({}), altText({})],
};
