import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { MessageEvent } from '../../../packages/core/src/adapter/platform-event.ts';
import type { Job, JobStore, MessageKey } from '../../../packages/core/src/store/job-store.ts';

export const adapters = ['test'];
export const leaseMs = 60_000;
export const queue = { policy: 'queue' as const, maxOpenPerPerson: 100 };

export function event(changes: Partial<MessageEvent> = {}): MessageEvent {
  const messageId = changes.messageId ?? randomUUID();
  return {
    type: 'message',
    eventId: `event of ${messageId}`,
    tenant: 'a',
    conversationKey: 'general',
    messageId,
    author: { id: 'u1', name: 'Ana' },
    postedAtMs: 5,
    text: 'What is it?',
    attachments: [{ url: 'https://example.org/a.png', name: 'a.png' }],
    ...changes,
  };
}

export const keyOf = (each: MessageEvent): MessageKey => ({ adapter: 'test', ...each });

export async function accepted(jobs: JobStore, ...events: MessageEvent[]): Promise<void> {
  for (const each of events) expect(await jobs.accept('test', each, queue)).toBe('accepted');
}

export async function leased(jobs: JobStore): Promise<Job> {
  const job = await jobs.lease(adapters, leaseMs);
  if (job === undefined) throw new Error('There is no job.');
  return job;
}
