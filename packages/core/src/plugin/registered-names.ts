import { VistazoError } from '../errors.js';
import type { Registration } from './registration.js';

/** Throws `plugin.invalid` where a plugin has a command or tool of a name that another one has. @internal */
export function requireOwnNames(
  registration: Registration,
  running: readonly Registration[],
): void {
  const taken = new Map(
    running.flatMap((each) => namesIn(each).map((name) => [name, each.plugin.name] as const)),
  );
  const { plugin } = registration;
  for (const name of namesIn(registration)) {
    const other = taken.get(name);
    if (other !== undefined) {
      throw new VistazoError(
        'plugin.invalid',
        `The ${name} of the plugin ${plugin.name} is one of the plugin ${other} already; give it another name.`,
      );
    }
    taken.set(name, plugin.name);
  }
}

function namesIn({ commands, tools }: Registration): string[] {
  return [
    ...commands.map(({ description }) => `command /${description.name}`),
    ...tools.map(({ description }) => `tool ${description.name}`),
  ];
}
