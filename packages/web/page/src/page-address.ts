/** The conversation that the page's address names, if any. */
export function addressedId(): string | undefined {
  return location.hash.slice(1) || undefined;
}

/** Makes the address name a conversation; `push` lets people go back to where they were. */
export function setAddress(id: string | undefined, how: 'push' | 'replace'): void {
  if (id === addressedId()) return;
  const address = `${location.pathname}${location.search}${id === undefined ? '' : `#${id}`}`;
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}
