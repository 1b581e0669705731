import type { Attributes } from '@opentelemetry/api';

/** Names them `vistazo.…`, as OpenTelemetry wants of what its conventions do not name. @internal */
export function spanAttributes(values: Readonly<Record<string, string | number>>): Attributes {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`vistazo.${snakeCase(name)}`, value]),
  );
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
