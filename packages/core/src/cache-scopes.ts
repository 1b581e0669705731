/**
 * What one call may keep for later ones and find of earlier ones: all of the same name, such as a
 * tenant's, and never anything of another name. One that is forgotten finds and keeps nothing.
 */
export interface CacheScope {
  readonly name: string;
  readonly isForgotten: boolean;
}

/** For calls whose scope was forgotten before they began here. */
export const forgottenScope: CacheScope = { name: '', isForgotten: true };

interface OpenScope {
  readonly name: string;
  isForgotten: boolean;
}

/**
 * The scopes of the calls that are under way, so that a call that began before its scope was
 * forgotten keeps nothing after it. Holds no names beyond the ends of their calls.
 */
export class CacheScopes {
  readonly #open = new Set<OpenScope>();

  /** Until it is given to `close`, {@link forget} reaches it. */
  open(name: string): CacheScope {
    const scope = { name, isForgotten: false };
    this.#open.add(scope);
    return scope;
  }

  close(scope: CacheScope): void {
    this.#open.delete(scope);
  }

  /** Calls that are under way in it keep nothing from now on; those that begin later do. */
  forget(name: string): void {
    for (const scope of this.#open) if (scope.name === name) scope.isForgotten = true;
  }
}
