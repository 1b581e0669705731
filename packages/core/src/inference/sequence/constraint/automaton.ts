import type { Grammar, Rule } from './grammar.js';

/** Index into the nodes of an automaton. */
type NodeId = number;

type Node =
  | { type: 'byte'; accepts: Uint8Array; next: NodeId }
  | { type: 'choice'; nexts: NodeId[] }
  | { type: 'call'; entry: NodeId; next: NodeId }
  | { type: 'repeat'; entry: NodeId; min: number; max: number; next: NodeId }
  | { type: 'end' };

/** Where to go on when a rule ends: after a call, or once more round a repetition. */
interface Frame {
  id: number;
  /** The repetition, or what follows the call. */
  node: NodeId;
  /**
   * Rounds of the repetition before this one; past a minimum without a maximum they are not counted.
   * {@link ofCall} for a call.
   */
  count: number;
  below: Frame | undefined;
  /** As {@link State.bytesToEnd}, from the end of the rule on. */
  bytesToEnd: number;
}

const ofCall = -1;

/** A place where a byte is read. */
interface Head {
  id: number;
  node: NodeId;
  frame: Frame | undefined;
}

/** What may follow after the bytes read so far. @internal */
export interface State {
  readonly id: number;
  /** Whether the text may end here. */
  readonly isAccepting: boolean;
  /** Whether it must. */
  readonly isFinal: boolean;
  /** The fewest of the bytes that may be used that lead to an end; infinite when none do. */
  readonly bytesToEnd: number;
}

interface InnerState extends State {
  heads: readonly Head[];
  nexts: (InnerState | null | undefined)[];
}

/**
 * Reads a text byte by byte and knows what may follow: a pushdown automaton whose states are made as
 * they are met, and once only. Follows all ways through the grammar at the same time.
 */
export class Automaton {
  readonly start: State;
  readonly #nodes: Node[] = [];
  readonly #entries = new Map<string, NodeId>();
  readonly #nodeBytesToEnd: Float64Array;
  readonly #frames = new Map<string, Frame>();
  readonly #heads = new Map<string, Head>();
  readonly #states = new Map<string, InnerState>();

  /** How many states were met. */
  get stateCount(): number {
    return this.#states.size;
  }

  /** `usable` are the bytes that `bytesToEnd` may count on. */
  constructor(grammar: Grammar, usable: ReadonlySet<number>) {
    const end = this.#add({ type: 'end' });
    const named = [...grammar.rules];
    // Calls may come before what they call; a choice of one stands for each rule until it is known.
    for (const [name] of named) this.#entries.set(name, this.#add({ type: 'choice', nexts: [] }));
    for (const [name, rule] of named) {
      const entry = this.#nodes[this.#entryOf(name)];
      if (entry?.type === 'choice') entry.nexts.push(this.#compile(rule, end));
    }
    const first = this.#compile(grammar.start, end);
    this.#nodeBytesToEnd = this.#distances(usable);
    this.start = this.#stateOf([[first, undefined]]);
  }

  /** The state after one more byte; undefined where no text goes on so. */
  next(state: State, byte: number): State | undefined {
    const { nexts, heads } = state as InnerState;
    const known = nexts[byte];
    if (known !== undefined) return known ?? undefined;
    const places: [NodeId, Frame | undefined][] = [];
    for (const { node, frame } of heads) {
      const reader = this.#node(node);
      if (reader.type === 'byte' && reader.accepts[byte] === 1) places.push([reader.next, frame]);
    }
    const next = places.length === 0 ? null : this.#stateOf(places);
    nexts[byte] = next;
    return next ?? undefined;
  }

  /** The state after these bytes; undefined where no text goes on so. */
  read(state: State, bytes: Uint8Array): State | undefined {
    return bytes.reduce<State | undefined>(
      (reached, byte) => reached && this.next(reached, byte),
      state,
    );
  }

  #add(node: Node): NodeId {
    return this.#nodes.push(node) - 1;
  }

  #node(id: NodeId): Node {
    const node = this.#nodes[id];
    if (node === undefined) throw new RangeError(`The automaton has no node ${id}.`);
    return node;
  }

  #entryOf(name: string): NodeId {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new RangeError(`The grammar has no rule ${name}.`);
    return entry;
  }

  /** Nodes for a rule that goes on at `next`. */
  #compile(rule: Rule, next: NodeId): NodeId {
    switch (rule.type) {
      case 'byte': {
        const accepts = new Uint8Array(256);
        for (const [low, high] of rule.ranges) accepts.fill(1, low, high + 1);
        return this.#add({ type: 'byte', accepts, next });
      }
      case 'sequence':
        return rule.rules.reduceRight((after, each) => this.#compile(each, after), next);
      case 'choice':
        return this.#add({
          type: 'choice',
          nexts: rule.rules.map((each) => this.#compile(each, next)),
        });
      case 'repeat': {
        const entry = this.#compile(rule.rule, this.#add({ type: 'end' }));
        return this.#add({ type: 'repeat', entry, min: rule.min, max: rule.max, next });
      }
      case 'call':
        return this.#add({ type: 'call', entry: this.#entryOf(rule.name), next });
    }
  }

  /** For each node the fewest usable bytes to the end of its rule, by relaxation until nothing changes. */
  #distances(usable: ReadonlySet<number>): Float64Array {
    const distances = new Float64Array(this.#nodes.length).fill(Number.POSITIVE_INFINITY);
    const of = (id: NodeId) => distances[id] as number;
    const once = (node: Node): number => {
      switch (node.type) {
        case 'end':
          return 0;
        case 'byte':
          return [...usable].some((byte) => node.accepts[byte] === 1)
            ? 1 + of(node.next)
            : Number.POSITIVE_INFINITY;
        case 'choice':
          return Math.min(...node.nexts.map(of));
        case 'call':
          return of(node.entry) + of(node.next);
        case 'repeat':
          return rounds(node.min, of(node.entry)) + of(node.next);
      }
    };
    for (let changed = true; changed; ) {
      changed = false;
      for (const [id, node] of this.#nodes.entries()) {
        const distance = once(node);
        if (distance >= of(id)) continue;
        distances[id] = distance;
        changed = true;
      }
    }
    return distances;
  }

  #stateOf(places: readonly [NodeId, Frame | undefined][]): InnerState {
    const heads = new Map<number, Head>();
    const seen = new Set<string>();
    let isAccepting = false;
    const visit = (id: NodeId, frame: Frame | undefined): void => {
      const node = this.#node(id);
      if (node.type === 'byte') {
        const head = this.#headOf(id, frame);
        heads.set(head.id, head);
        return;
      }
      const key = `${id} ${frame?.id}`;
      if (seen.has(key)) return;
      seen.add(key);
      if (node.type === 'choice') for (const next of node.nexts) visit(next, frame);
      else if (node.type === 'call') visit(node.entry, this.#frameOf(node.next, ofCall, frame));
      else if (node.type === 'repeat') round(id, node, 0, frame);
      else if (frame === undefined) isAccepting = true;
      else {
        const after = this.#node(frame.node);
        if (after.type === 'repeat' && frame.count !== ofCall) {
          round(frame.node, after, frame.count + 1, frame.below);
        } else visit(frame.node, frame.below);
      }
    };
    const round = (
      id: NodeId,
      { entry, min, max, next }: Extract<Node, { type: 'repeat' }>,
      done: number,
      below: Frame | undefined,
    ): void => {
      const count = Number.isFinite(max) ? done : Math.min(done, min);
      if (done < max) visit(entry, this.#frameOf(id, count, below));
      if (done >= min) visit(next, below);
    };
    for (const [node, frame] of places) visit(node, frame);
    return this.#interned([...heads.values()], isAccepting);
  }

  #interned(heads: readonly Head[], isAccepting: boolean): InnerState {
    const ids = heads.map(({ id }) => id).sort((a, b) => a - b);
    const key = `${isAccepting} ${ids.join(' ')}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const distances = heads.map(
      ({ node, frame }) => (this.#nodeBytesToEnd[node] as number) + (frame?.bytesToEnd ?? 0),
    );
    const state = {
      id: this.#states.size,
      isAccepting,
      isFinal: isAccepting && heads.length === 0,
      bytesToEnd: isAccepting ? 0 : Math.min(...distances),
      heads,
      nexts: [],
    };
    this.#states.set(key, state);
    return state;
  }

  #headOf(node: NodeId, frame: Frame | undefined): Head {
    const key = `${node} ${frame?.id}`;
    const known = this.#heads.get(key);
    if (known !== undefined) return known;
    const head = { id: this.#heads.size, node, frame };
    this.#heads.set(key, head);
    return head;
  }

  #frameOf(node: NodeId, count: number, below: Frame | undefined): Frame {
    const key = `${node} ${count} ${below?.id}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const after = this.#node(node);
    const rest =
      after.type === 'repeat' && count !== ofCall
        ? rounds(Math.max(0, after.min - count - 1), this.#nodeBytesToEnd[after.entry] as number) +
          (this.#nodeBytesToEnd[after.next] as number)
        : (this.#nodeBytesToEnd[node] as number);
    const frame = {
      id: this.#frames.size,
      node,
      count,
      below,
      bytesToEnd: rest + (below?.bytesToEnd ?? 0),
    };
    this.#frames.set(key, frame);
    return frame;
  }
}

/** Zero rounds of what has no end still take no byte. */
const rounds = (count: number, bytes: number): number => (count === 0 ? 0 : count * bytes);
