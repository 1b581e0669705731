import { registerHooks } from 'node:module';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Loads the modules of a folder anew each time: the ES modules that are imported from it, packages left
 * out, get an address of their own for each round, so that Node does not take them from its cache. What
 * was loaded in earlier rounds stays in memory, which is for development. What is loaded by `require` is
 * not loaded anew.
 */
export class FreshModules implements Disposable {
  /** Paths of the modules of this round. */
  readonly files = new Set<string>();
  #round = 0;
  readonly #hooks: { deregister(): void };

  constructor(folder: string) {
    this.#hooks = registerHooks({
      resolve: (specifier, context, nextResolve) => {
        const resolved = nextResolve(specifier, context);
        const path = pathIn(folder, resolved.url);
        if (path === undefined) return resolved;
        this.files.add(path);
        const url = new URL(resolved.url);
        url.searchParams.set('round', String(this.#round));
        return { ...resolved, url: url.href };
      },
    });
  }

  /** From here on everything is loaded anew. */
  nextRound(): void {
    this.#round += 1;
    this.files.clear();
  }

  [Symbol.dispose](): void {
    this.#hooks.deregister();
  }
}

/** The path of a module of the folder; undefined for others and those of packages. */
function pathIn(folder: string, url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined;
  const path = fileURLToPath(url);
  const isOwn = path.startsWith(folder + sep) && !path.split(sep).includes('node_modules');
  return isOwn ? path : undefined;
}
