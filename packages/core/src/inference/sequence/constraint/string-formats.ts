const date =
  '(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8])))';
const time =
  '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)';
// Two hyphens in a row begin names in Punycode, of which not every one is valid.
const label = '[a-zA-Z0-9]{1,20}(?:-[a-zA-Z0-9]{1,20})?';
const topLevel = '[a-zA-Z]{2,20}';
const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = `(?:${byte}\\.){3}${byte}`;
const group = '[0-9a-fA-F]{1,4}';
const segment = '[A-Za-z0-9._~!$&()*+,;=:@-]';

/**
 * What a string of a `format` looks like where no pattern says it, by the name of the format. Each is
 * within the format, and may leave out rare forms of it: a year of five digits, an address with a user.
 */
export const formatPatterns: ReadonlyMap<string, string> = new Map([
  ['date', `^${date}$`],
  ['time', `^${time}$`],
  ['date-time', `^${date}T${time}$`],
  ['duration', '^P(?:\\d+W|(?:\\d+Y)?(?:\\d+M)?\\d+D|(?:\\d+D)?T(?:\\d+H)?(?:\\d+M)?\\d+S)$'],
  ['email', `^[A-Za-z0-9_+-]+(?:\\.[A-Za-z0-9_+-]+)*@(?:${label}\\.)+${topLevel}$`],
  ['hostname', `^(?:${label}\\.){0,3}${label}$`],
  ['ipv4', `^${ipv4}$`],
  ['ipv6', `^(?:${group}:){7}${group}$`],
  [
    'uuid',
    '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$',
  ],
  [
    'uri',
    `^https?://(?:${label}\\.)+${topLevel}(?::[1-9]\\d{0,3})?(?:/${segment}*)*(?:\\?${segment}*)?(?:#${segment}*)?$`,
  ],
  ['json-pointer', '^(?:/(?:[^~/\\u0000-\\u001f]|~[01])*)*$'],
]);
