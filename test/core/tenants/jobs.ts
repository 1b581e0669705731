import assert from 'node:assert/strict';
import type { MessageEvent } from '../../../packages/core/src/adapter/platform-event.ts';
import type {
  ArrivalPolicy,
  CancelledJob,
  Job,
  MessageKey,
} from '../../../packages/core/src/store/job-store.ts';
import type { Store } from '../../../packages/core/src/store/store.ts';
import type { Conversations } from './conversations.ts';
import { adapters, expectOwn, type Tenancy, tenancies } from './marks.ts';
import { pickStep, type Random, type Steps } from './random.ts';

interface KnownJob {
  owner: KnownTenancy;
  key: MessageKey;
  status: 'waiting' | 'running' | 'done' | 'cancelled';
  text: string;
  urls: string[];
  isAnnouncement: boolean;
  revision: number;
  attempts: number;
  isStopRequested: boolean;
  notes: string[];
  files: Map<string, string>;
  replies: { text: string | null; postId: string | null }[];
}

interface KnownTenancy extends Tenancy {
  /** Messages so far: the same ids for all. */
  messages: number;
  /** Events so far: the same ids for all. */
  events: number;
  /** The last ones, by conversation and message. */
  jobs: KnownJob[];
  /** The latest message of a person in each conversation. */
  latest: Map<string, string>;
}

interface Held {
  job: Job;
  known: KnownJob;
}

const conversationKeys = ['general', 'random'];
const people = ['ana', 'bo'];
const urls = ['https://files.example.com/1', 'https://files.example.com/2'];
const hourMs = 3_600_000;
const maxOpen = 50;
const maxOpenPerTenant = 5;
/** As many of a tenant are still asked about. */
const maxRemembered = 12;

const isOpen = ({ status }: KnownJob) => status === 'waiting' || status === 'running';

/** The jobs of all tenants in a store, under the same keys, and what must be found there. */
export class Jobs {
  readonly #owners: readonly KnownTenancy[] = tenancies.map((each) => ({
    ...each,
    messages: 0,
    events: 0,
    jobs: [],
    latest: new Map(),
  }));
  #held: Held[] = [];

  constructor(
    private readonly store: Store,
    private readonly conversations: Conversations,
    private readonly random: Random,
  ) {}

  get #open(): KnownJob[] {
    return this.#owners.flatMap(({ jobs }) => jobs.filter(isOpen));
  }

  async step(): Promise<string> {
    const name = pickStep(this.random, this.#steps);
    await this.#steps[name][1]();
    return `jobs: ${name}`;
  }

  /** Nothing of a tenant is there any more; who holds a job of it loses it. */
  isForgotten(tenant: string): void {
    for (const owner of this.#owners.filter((each) => each.tenant === tenant)) {
      for (const known of owner.jobs) this.#isCancelled(known);
      owner.jobs = [];
      owner.latest.clear();
    }
  }

  readonly #steps = {
    accept: [10, () => this.#accept()],
    acceptAgain: [2, () => this.#acceptAgain()],
    announce: [1, () => this.#announce()],
    note: [1, () => this.#note()],
    revise: [3, () => this.#revise()],
    cancel: [1, () => this.#cancel()],
    requestStop: [1, () => this.#requestStop()],
    keepFile: [4, () => this.#keepFile()],
    lease: [9, () => this.#lease()],
    file: [40, () => this.#file()],
    conversationsHeld: [6, () => this.#conversationsHeld()],
    setReplies: [3, () => this.#setReplies()],
    setNotes: [2, () => this.#setNotes()],
    posted: [2, () => this.#posted()],
    renew: [1, () => this.#withHeld(({ job }) => this.store.jobs.renew(job, hourMs))],
    stopRequested: [2, () => this.#stopRequested()],
    postpone: [2, () => this.#postpone()],
    end: [6, () => this.#end()],
    openJobs: [25, () => this.#openJobs()],
    unfetched: [15, () => this.#unfetched()],
    recentMessages: [10, () => this.#recentMessages()],
    knownIn: [10, () => this.#knownIn()],
    tenants: [3, () => this.#tenants()],
    purge: [1, () => this.#purge()],
  } satisfies Steps<string>;

  #newEvent(owner: KnownTenancy): string {
    owner.events += 1;
    return `event ${owner.events}`;
  }

  /** A message of the tenant, or, at times, one that only others have. */
  #anyMessage(): { owner: KnownTenancy; key: MessageKey; known: KnownJob | undefined } {
    const owner = this.random.pick(this.#owners);
    const { adapter, tenant } = owner;
    if (owner.jobs.length > 0 && this.random.chance(0.8)) {
      const known = this.random.pick(owner.jobs);
      return { owner, key: known.key, known };
    }
    const conversationKey = this.random.pick(conversationKeys);
    // Far enough from its own, and near those of others.
    const messageId = `message ${owner.messages + 20 + this.random.below(50)}`;
    return { owner, key: { adapter, tenant, conversationKey, messageId }, known: undefined };
  }

  async #accept(): Promise<void> {
    if (this.#open.length >= maxOpen) return this.#end();
    const owner = this.random.pick(this.#owners);
    const { adapter, tenant, mark } = owner;
    owner.messages += 1;
    const conversationKey = this.random.pick(conversationKeys);
    const key = { adapter, tenant, conversationKey, messageId: `message ${owner.messages}` };
    const policy = this.random.pick<ArrivalPolicy>(['queue', 'queue', 'queue', 'replace', 'drop']);
    const attachments = urls.slice(this.random.below(urls.length + 1)).map((url) => ({ url }));
    const files = attachments
      .filter(() => this.random.chance(0.5))
      .map(({ url }) => ({ url, bytes: Buffer.from(`${mark} file ${url}`) }));
    const text = `${mark} asks ${owner.messages}`;
    const author = { id: this.random.pick(people), name: mark };
    const event: MessageEvent = {
      type: 'message',
      eventId: this.#newEvent(owner),
      ...key,
      text,
      author,
      attachments,
      postedAtMs: owner.messages,
    };
    const result = await this.store.jobs.accept(adapter, event, {
      policy,
      files,
      maxOpenPerTenant,
    });
    owner.latest.set(conversationKey, key.messageId);
    const own = owner.jobs.filter(isOpen);
    const inPlace = own.filter(({ key: { conversationKey: place } }) => place === conversationKey);
    if (policy === 'drop' && inPlace.length > 0) {
      assert.ok(typeof result === 'object' && result.reason === 'busy');
      return;
    }
    if (own.length >= maxOpenPerTenant) {
      assert.ok(typeof result === 'object' && result.reason === 'tenantQueueFull');
      return;
    }
    assert.equal(result, 'accepted');
    if (policy === 'replace') for (const each of inPlace) this.#isCancelled(each);
    const kept = files.map((file) => [file.url, file.bytes.toString()] as const);
    this.#remember(owner, key, text, attachments, new Map(kept));
  }

  #remember(
    owner: KnownTenancy,
    key: MessageKey,
    text: string,
    attachments: readonly { url: string }[],
    files: Map<string, string>,
  ): KnownJob {
    const known: KnownJob = {
      owner,
      key,
      status: 'waiting',
      text,
      urls: attachments.map(({ url }) => url),
      isAnnouncement: false,
      revision: 0,
      attempts: 0,
      isStopRequested: false,
      notes: [],
      files,
      replies: [],
    };
    const forgettable = owner.jobs.find((each) => !isOpen(each));
    owner.jobs = owner.jobs.filter(
      (each) => owner.jobs.length < maxRemembered || each !== forgettable,
    );
    owner.jobs.push(known);
    return known;
  }

  #isCancelled(known: KnownJob): void {
    known.status = 'cancelled';
    known.files.clear();
  }

  async #acceptAgain(): Promise<void> {
    const { owner, key, known } = this.#anyMessage();
    if (known === undefined) return;
    const event: MessageEvent = {
      type: 'message',
      eventId: this.#newEvent(owner),
      ...key,
      text: `${owner.mark} again`,
      author: { id: 'ana', name: 'Ana' },
      attachments: [],
      postedAtMs: 1,
    };
    assert.equal(await this.store.jobs.accept(key.adapter, event, { policy: 'queue' }), 'known');
  }

  async #announce(): Promise<void> {
    if (this.#open.length >= maxOpen) return this.#end();
    const owner = this.random.pick(this.#owners);
    const { adapter, tenant, mark } = owner;
    owner.messages += 1;
    const id = `message ${owner.messages}`;
    const place = { adapter, tenant, conversationKey: this.random.pick(conversationKeys) };
    const texts = [`${mark} announces`];
    assert.equal(await this.store.jobs.announce({ ...place, id, texts }), 'accepted');
    const known = this.#remember(owner, { ...place, messageId: id }, '', [], new Map());
    known.isAnnouncement = true;
    known.replies = texts.map((text) => ({ text, postId: null }));
  }

  async #note(): Promise<void> {
    const owner = this.random.pick(this.#owners);
    const { adapter, tenant } = owner;
    const eventId = this.#newEvent(owner);
    assert.equal(await this.store.jobs.note(adapter, tenant, eventId), 'accepted');
    assert.equal(await this.store.jobs.note(adapter, tenant, eventId), 'known');
  }

  async #revise(): Promise<void> {
    const { owner, key, known } = this.#anyMessage();
    if (known?.isAnnouncement) return;
    const text = `${owner.mark} asks otherwise ${owner.events}`;
    const content = { text, attachments: (known?.urls ?? []).map((url) => ({ url })) };
    const result = await this.store.jobs.revise(key, this.#newEvent(owner), content);
    const isKnown = known !== undefined && known.status !== 'cancelled';
    assert.equal(result, isKnown ? 'accepted' : 'known');
    if (!isKnown) return;
    known.status = 'waiting';
    known.text = text;
    known.revision += 1;
    known.attempts = 0;
    known.isStopRequested = false;
    known.notes = [];
    for (const reply of known.replies) reply.text = null;
  }

  async #cancel(): Promise<void> {
    const { owner, key, known } = this.#anyMessage();
    const cancelled = await this.store.jobs.cancel(key);
    this.#expectCancelled(cancelled, owner, known);
    if (known !== undefined) this.#isCancelled(known);
  }

  #expectCancelled(
    cancelled: CancelledJob | undefined,
    owner: KnownTenancy,
    known: KnownJob | undefined,
  ): void {
    expectOwn(cancelled, owner.mark);
    assert.equal(cancelled?.revision, known?.revision);
    if (known !== undefined) assert.deepEqual(cancelled?.replies, repliesOf(known));
  }

  async #requestStop(): Promise<void> {
    const { owner, key, known } = this.#anyMessage();
    const result = await this.store.jobs.requestStop(key, this.#newEvent(owner));
    if (known === undefined || !isOpen(known)) return assert.equal(result, 'known');
    if (known.status === 'waiting' && known.attempts === 0) {
      assert.ok(typeof result === 'object');
      this.#expectCancelled(result, owner, known);
      return this.#isCancelled(known);
    }
    assert.equal(result, 'running');
    known.isStopRequested = true;
  }

  async #keepFile(): Promise<void> {
    const { owner, key, known } = this.#anyMessage();
    const url = this.random.pick(urls);
    const content = `${owner.mark} kept ${url}`;
    await this.store.jobs.keepFile(key, url, Buffer.from(content));
    if (known?.status === 'waiting' && !known.files.has(url)) known.files.set(url, content);
  }

  async #lease(): Promise<void> {
    const asked = this.random.pick([adapters, ...adapters.map((adapter) => [adapter])]);
    const job = await this.store.jobs.lease(asked, hourMs);
    const open = this.#open.filter(({ key }) => asked.includes(key.adapter));
    const places = Map.groupBy(open, ({ key: { adapter, tenant, conversationKey } }) =>
      JSON.stringify([adapter, tenant, conversationKey]),
    );
    const free = [...places.values()].filter((jobs) =>
      jobs.every(({ status }) => status === 'waiting'),
    );
    if (job === undefined) return assert.deepEqual(free, []);
    const { tenant, conversationKey, messageId } = job.event;
    const known = free
      .map(([first]) => first)
      .find(
        (first) =>
          first?.key.adapter === job.adapter &&
          first.key.tenant === tenant &&
          first.key.conversationKey === conversationKey &&
          first.key.messageId === messageId,
      );
    assert.ok(known, 'What is leased is the first of a conversation that is free.');
    known.status = 'running';
    known.attempts += 1;
    expectOwn(job, known.owner.mark);
    const { text, attachments } = job.event;
    const { revision, attempts, isAnnouncement, isStopRequested, notes } = job;
    assert.deepEqual(
      { text, revision, attempts, isAnnouncement, isStopRequested, notes },
      {
        text: known.text,
        revision: known.revision,
        attempts: known.attempts,
        isAnnouncement: known.isAnnouncement,
        isStopRequested: known.isStopRequested,
        notes: known.notes,
      },
    );
    assert.deepEqual(
      attachments.map(({ url }) => url),
      known.urls,
    );
    assert.deepEqual(job.replies, repliesOf(known));
    this.#held = [...this.#held.filter((each) => each.known !== known), { job, known }].slice(-60);
  }

  /** Does something with a job that is held, or was: then it must fail. */
  async #withHeld(work: (held: Held) => Promise<unknown>): Promise<boolean> {
    if (this.#held.length === 0) return false;
    const held = this.random.pick(this.#held);
    const isLost =
      held.known.status !== 'running' ||
      held.known.revision !== held.job.revision ||
      held.known.attempts !== held.job.attempts;
    if (!isLost) {
      await work(held);
      return true;
    }
    this.#held = this.#held.filter((each) => each !== held);
    await assert.rejects(work(held), { code: 'job.lost' });
    return false;
  }

  async #file(): Promise<void> {
    if (this.#held.length === 0) return;
    const { job, known } = this.random.pick(this.#held);
    const url = this.random.pick(urls);
    const bytes = await this.store.jobs.file(job, url);
    const text = bytes && Buffer.from(bytes).toString();
    expectOwn(text, known.owner.mark);
    assert.equal(text, known.files.get(url));
  }

  #conversationsHeld(): Promise<boolean> {
    return this.#withHeld(({ job, known }) =>
      this.store.jobs.holding(job, ({ conversations }) =>
        this.conversations.expectList(conversations, known.owner.tenant),
      ),
    );
  }

  #setReplies(): Promise<boolean> {
    return this.#withHeld(async ({ job, known }) => {
      const texts = [`${known.owner.mark} says`, `${known.owner.mark} goes on`];
      await this.store.jobs.holding(job, ({ setReplies }) => setReplies(texts));
      known.replies = texts.map((text, position) => ({
        text,
        postId: known.replies[position]?.postId ?? null,
      }));
    });
  }

  #setNotes(): Promise<boolean> {
    return this.#withHeld(async ({ job, known }) => {
      const notes = [`${known.owner.mark} notes`];
      // What an announcement is stands beside its notes, and it never has any.
      if (known.isAnnouncement) return this.store.jobs.renew(job, hourMs);
      await this.store.jobs.holding(job, ({ setNotes }) => setNotes(notes));
      known.notes = notes;
    });
  }

  #posted(): Promise<boolean> {
    return this.#withHeld(async ({ job, known }) => {
      const postId = `${known.owner.mark} post`;
      await this.store.jobs.posted(job, { position: 0, postId });
      known.replies[0] = { text: known.replies[0]?.text ?? null, postId };
    });
  }

  async #stopRequested(): Promise<void> {
    const running = this.#held.filter(({ known }) => isOpen(known));
    const asked = await this.store.jobs.stopRequested(running.map(({ job }) => job.id));
    const wanted = running.filter(({ known }) => known.isStopRequested).map(({ job }) => job.id);
    assert.deepEqual(new Set(asked), new Set(wanted));
  }

  #postpone(): Promise<boolean> {
    return this.#withHeld(async ({ job, known }) => {
      await this.store.jobs.postpone(job, 0);
      known.status = 'waiting';
    });
  }

  async #end(): Promise<void> {
    await this.#withHeld(async ({ job, known }) => {
      await this.store.jobs.end(job);
      known.status = 'done';
      known.files.clear();
      for (const reply of known.replies) reply.text = null;
    });
  }

  /** What has ended is not known any more, to anybody. */
  async #purge(): Promise<void> {
    await this.store.jobs.purge(Date.now() + hourMs);
    for (const owner of this.#owners) owner.jobs = owner.jobs.filter(isOpen);
  }

  async #openJobs(): Promise<void> {
    const asked = this.random.pick([adapters, ...adapters.map((adapter) => [adapter])]);
    const open = await this.store.jobs.openJobs(asked);
    const seen = open.map(({ authorId: _, isRunning, ...key }) => ({ ...key, isRunning }));
    const known = this.#open
      .filter(({ key }) => asked.includes(key.adapter))
      .map(({ key, status }) => ({ ...key, isRunning: status === 'running' }));
    assert.deepEqual(new Set(seen.map(nameOf)), new Set(known.map(nameOf)));
    if (this.random.chance(0.3)) assert.equal(await this.store.jobs.countOpen(), this.#open.length);
  }

  async #recentMessages(): Promise<void> {
    const adapter = this.random.pick(adapters);
    const found = await this.store.jobs.recentMessages(adapter, 0, 100);
    const known = this.#owners
      .filter((owner) => owner.adapter === adapter)
      .flatMap(({ tenant, latest }) =>
        [...latest].map(([conversationKey, messageId]) =>
          nameOf({ adapter, tenant, conversationKey, messageId }),
        ),
      );
    assert.deepEqual(new Set(found.map(nameOf)), new Set(known));
    assert.equal(found.length, known.length);
  }

  async #knownIn(): Promise<void> {
    const { owner, key, known } = this.#anyMessage();
    const found = await this.store.jobs.knownIn(key, 1000);
    if (known !== undefined) assert.equal(found.includes(key.messageId), !known.isAnnouncement);
    const others = owner.jobs.filter(
      (each) => each.key.conversationKey === key.conversationKey && !each.isAnnouncement,
    );
    for (const each of others) assert.ok(found.includes(each.key.messageId));
    assert.ok(found.length <= owner.messages);
  }

  async #tenants(): Promise<void> {
    const adapter = this.random.pick(adapters);
    const found = await this.store.jobs.tenants(adapter);
    assert.equal(new Set(found).size, found.length);
    for (const { tenant, jobs, latest, ...owner } of this.#owners) {
      if (owner.adapter !== adapter) continue;
      const hasAny = jobs.length > 0 || latest.size > 0;
      if (hasAny) assert.ok(found.includes(tenant));
    }
  }

  async #unfetched(): Promise<void> {
    const found = await this.store.jobs.unfetched(adapters);
    const known = this.#open.filter(
      ({ status, files, urls: wanted }) =>
        status === 'waiting' && files.size === 0 && wanted.length > 0,
    );
    const textOf = (key: MessageKey, text: string) => JSON.stringify([nameOf(key), text]);
    assert.deepEqual(
      new Set(found.map(({ adapter, event }) => textOf({ ...event, adapter }, event.text))),
      new Set(known.map(({ key, text }) => textOf(key, text))),
    );
  }
}

function nameOf(key: MessageKey & { isRunning?: boolean }): string {
  const { adapter, tenant, conversationKey, messageId, isRunning } = key;
  return JSON.stringify([adapter, tenant, conversationKey, messageId, isRunning]);
}

function repliesOf({ replies }: KnownJob) {
  return replies.map(({ text, postId }, position) => ({ position, text, postId }));
}
