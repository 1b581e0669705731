import type { Language } from './language.js';

/** Index into the nodes of an automaton. */
export type NodeId = number;

/** A node of the graph that an automaton walks. */
export type Node =
  | { type: 'byte'; accepts: Uint8Array; next: NodeId }
  | { type: 'choice'; nexts: NodeId[] }
  | { type: 'call'; entry: NodeId; next: NodeId }
  | { type: 'repeat'; entry: NodeId; min: number; max: number; next: NodeId }
  | { type: 'language'; language: Language; next: NodeId }
  | { type: 'end' };

/** For each node the fewest usable bytes to the end of its rule; infinite where there is no end. */
export function bytesToEndOfNodes(
  nodes: readonly Node[],
  usable: ReadonlySet<number>,
): Float64Array {
  const distances = new Float64Array(nodes.length).fill(Infinity);
  const of = (id: NodeId) => distances[id] as number;
  const once = (node: Node): number => {
    switch (node.type) {
      case 'end':
        return 0;
      case 'byte':
        return hasUsable(node.accepts, usable) ? 1 + of(node.next) : Infinity;
      case 'choice':
        return node.nexts.reduce((least, next) => Math.min(least, of(next)), Infinity);
      case 'call':
        return of(node.entry) + of(node.next);
      case 'repeat':
        return (node.min === 0 ? 0 : node.min * of(node.entry)) + of(node.next);
      case 'language':
        return node.language.bytesToEnd(node.language.start) + of(node.next);
    }
  };
  const users = usersOf(nodes);
  // First come, first served: nodes stand behind those that they go on at.
  const open = nodes.map((_, id) => id);
  const isOpen = new Uint8Array(nodes.length).fill(1);
  for (const id of open) {
    isOpen[id] = 0;
    const distance = once(nodes[id] as Node);
    if (distance >= of(id)) continue;
    distances[id] = distance;
    for (const user of users[id] ?? []) {
      if (isOpen[user] === 1) continue;
      isOpen[user] = 1;
      open.push(user);
    }
  }
  return distances;
}

/** For each node those whose distance is made of its own. */
function usersOf(nodes: readonly Node[]): (NodeId[] | undefined)[] {
  const users: (NodeId[] | undefined)[] = [];
  const use = (id: NodeId, user: NodeId) => {
    const known = users[id];
    if (known === undefined) users[id] = [user];
    else known.push(user);
  };
  for (const [id, node] of nodes.entries()) {
    if (node.type === 'choice') for (const next of node.nexts) use(next, id);
    else if (node.type !== 'end') use(node.next, id);
    if (node.type === 'call' || node.type === 'repeat') use(node.entry, id);
  }
  return users;
}

function hasUsable(accepts: Uint8Array, usable: ReadonlySet<number>): boolean {
  return accepts.some((accepted, byte) => accepted === 1 && usable.has(byte));
}
