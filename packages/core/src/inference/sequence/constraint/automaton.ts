import type { Grammar, Rule } from './grammar.js';
import { dead, type Language } from './language.js';
import { bytesToEndOfNodes, type Node, type NodeId } from './node-distances.js';

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
/** Of a head at a byte rather than within a language. */
const noPosition = -1;
const none = -1;
/** What is added to ids in the table of next states, where 0 is unknown. */
const idOffset = 2;

/** A place where a byte is read. */
interface Head {
  id: number;
  node: NodeId;
  /** State of the language of the node. */
  position: number;
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
}

interface Place {
  node: NodeId;
  position: number;
  frame: Frame | undefined;
}

/**
 * Reads a text byte by byte and knows what may follow: a pushdown automaton whose states are made as
 * they are met, and once only. Follows all ways through the grammar at the same time.
 */
export class Automaton {
  readonly start: State;
  readonly #nodes: Node[] = [];
  readonly #entries = new Map<string, NodeId>();
  readonly #usable: ReadonlySet<number>;
  readonly #nodeBytesToEnd: Float64Array;
  readonly #frames = new Map<string, Frame>();
  readonly #heads = new Map<string, Head>();
  readonly #statesByKey = new Map<string, InnerState>();
  readonly #states: InnerState[] = [];
  /** `[states, 256]`: the ids of the states after each byte, plus {@link idOffset}; grows with them. */
  #nexts = new Int32Array(256 * 64);

  /** How many states were met. */
  get stateCount(): number {
    return this.#states.length;
  }

  /** `usable` are the bytes that `bytesToEnd` may count on. */
  constructor(grammar: Grammar, usable: ReadonlySet<number>) {
    this.#usable = usable;
    const end = this.#add({ type: 'end' });
    const named = [...grammar.rules];
    // Calls may come before what they call; a choice of one stands for each rule until it is known.
    for (const [name] of named) this.#entries.set(name, this.#add({ type: 'choice', nexts: [] }));
    for (const [name, rule] of named) {
      const entry = this.#nodes[this.#entryOf(name)];
      if (entry?.type === 'choice') entry.nexts.push(this.#compile(rule, end));
    }
    const first = this.#compile(grammar.start, end);
    this.#nodeBytesToEnd = bytesToEndOfNodes(this.#nodes, usable);
    this.start = this.#stateOf([{ node: first, position: noPosition, frame: undefined }]);
  }

  /** The state after one more byte; undefined where no text goes on so. */
  next(state: State, byte: number): State | undefined {
    const id = this.nextId(state.id, byte);
    return id === none ? undefined : this.#states[id];
  }

  /** As {@link next}, by ids; −1 where no text goes on so. */
  nextId(state: number, byte: number): number {
    const place = 256 * state + byte;
    const known = this.#nexts[place] as number;
    if (known !== 0) return known - idOffset;
    const next = this.#nextOf(this.#states[state] as InnerState, byte);
    this.#nexts[place] = next + idOffset;
    return next;
  }

  /** {@link State.bytesToEnd} by id. */
  bytesToEndOf(state: number): number {
    return (this.#states[state] as InnerState).bytesToEnd;
  }

  #nextOf({ heads }: InnerState, byte: number): number {
    const places: Place[] = [];
    for (const { node, position, frame } of heads) {
      const reader = this.#node(node);
      if (reader.type === 'byte') {
        if (reader.accepts[byte] === 1) {
          places.push({ node: reader.next, position: noPosition, frame });
        }
      } else if (reader.type === 'language') {
        const next = reader.language.next(position, byte);
        if (next !== dead) places.push({ node, position: next, frame });
      }
    }
    return places.length === 0 ? none : this.#stateOf(places).id;
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
      case 'language':
        return this.#add({ type: 'language', language: rule.open(this.#usable), next });
      case 'call':
        return this.#add({ type: 'call', entry: this.#entryOf(rule.name), next });
    }
  }

  #stateOf(places: readonly Place[]): InnerState {
    const heads = new Map<number, Head>();
    const seen = new Set<string>();
    const open: Place[] = [...places];
    let isAccepting = false;
    const visit = (node: NodeId, frame: Frame | undefined): void => {
      open.push({ node, position: noPosition, frame });
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
    const enter = (language: Language, { node, position, frame }: Place, next: NodeId): void => {
      if (language.canGoOn(position)) {
        const head = this.#headOf(node, position, frame);
        heads.set(head.id, head);
      }
      if (language.bytesToEnd(position) === 0) visit(next, frame);
    };
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const { node: id, position, frame } = place;
      const node = this.#node(id);
      if (node.type === 'byte') {
        const head = this.#headOf(id, noPosition, frame);
        heads.set(head.id, head);
        continue;
      }
      const key = `${id} ${position} ${frame?.id}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (node.type === 'choice') for (const next of node.nexts) visit(next, frame);
      else if (node.type === 'language') {
        const here = position === noPosition ? node.language.start : position;
        enter(node.language, { node: id, position: here, frame }, node.next);
      } else if (node.type === 'call') {
        // A call at the end of a rule needs no way back to it.
        const isLast = this.#node(node.next).type === 'end';
        visit(node.entry, isLast ? frame : this.#frameOf(node.next, ofCall, frame));
      } else if (node.type === 'repeat') round(id, node, 0, frame);
      else if (frame === undefined) isAccepting = true;
      else {
        const after = this.#node(frame.node);
        if (after.type === 'repeat' && frame.count !== ofCall) {
          round(frame.node, after, frame.count + 1, frame.below);
        } else visit(frame.node, frame.below);
      }
    }
    return this.#interned([...heads.values()], isAccepting);
  }

  #interned(heads: readonly Head[], isAccepting: boolean): InnerState {
    const ids = heads.map(({ id }) => id).sort((a, b) => a - b);
    const key = `${isAccepting} ${ids.join(' ')}`;
    const known = this.#statesByKey.get(key);
    if (known !== undefined) return known;
    const state = {
      id: this.#states.length,
      isAccepting,
      isFinal: isAccepting && heads.length === 0,
      bytesToEnd: isAccepting
        ? 0
        : heads.reduce((least, head) => Math.min(least, this.#bytesToEndOfHead(head)), Infinity),
      heads,
    };
    this.#statesByKey.set(key, state);
    this.#states.push(state);
    if (256 * this.#states.length > this.#nexts.length) {
      const larger = new Int32Array(2 * this.#nexts.length);
      larger.set(this.#nexts);
      this.#nexts = larger;
    }
    return state;
  }

  #bytesToEndOfHead({ node: id, position, frame }: Head): number {
    const node = this.#node(id);
    const own =
      node.type === 'language'
        ? node.language.bytesToEnd(position) + this.#bytesToEndOfNode(node.next)
        : this.#bytesToEndOfNode(id);
    return own + (frame?.bytesToEnd ?? 0);
  }

  #bytesToEndOfNode(id: NodeId): number {
    return this.#nodeBytesToEnd[id] as number;
  }

  #headOf(node: NodeId, position: number, frame: Frame | undefined): Head {
    const key = `${node} ${position} ${frame?.id}`;
    const known = this.#heads.get(key);
    if (known !== undefined) return known;
    const head = { id: this.#heads.size, node, position, frame };
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
        ? rounds(Math.max(0, after.min - count - 1), this.#bytesToEndOfNode(after.entry)) +
          this.#bytesToEndOfNode(after.next)
        : this.#bytesToEndOfNode(node);
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
