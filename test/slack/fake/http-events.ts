import { createHmac } from 'node:crypto';
import type { Attempt, Outbox } from './outbox.ts';

/** How a request is signed; what a test changes is wrong on purpose. */
export interface Signing {
  /** Seconds that its time stamp is in the future; negative ones in the past. Default 0. */
  readonly offsetSec?: number;
  /** In place of the app's signing secret. */
  readonly secret?: string;
  /** Changes the body after it was signed. */
  readonly tamper?: boolean;
  readonly headers?: Record<string, string>;
}

/** Events over HTTP: signed requests to the app's address, sent again where it does not answer with 2xx in time. */
export class HttpEvents {
  readonly signingSecret = 'not-slacks-signing-secret';
  /** Where requests go. */
  url = '';
  readonly #outbox: Outbox;
  readonly #stopped = new AbortController();

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Sends an attempt; what comes of it is told to the outbox. */
  send(attempt: Attempt): boolean {
    if (this.url === '') return false;
    void this.#send(attempt);
    return true;
  }

  /** One request with this body, signed; gives status, headers and text of the answer. */
  async request(body: string, type: string, signing: Signing = {}) {
    const { offsetSec = 0, secret = this.signingSecret, tamper = false, headers = {} } = signing;
    const atSec = Math.floor(Date.now() / 1000) + offsetSec;
    const hash = createHmac('sha256', secret).update(`v0:${atSec}:${body}`).digest('hex');
    const response = await fetch(this.url, {
      method: 'POST',
      body: tamper ? `${body} ` : body,
      headers: {
        'content-type': type,
        'user-agent': 'Slackbot 1.0 (a fake)',
        'x-slack-signature': `v0=${hash}`,
        'x-slack-request-timestamp': String(atSec),
        ...headers,
      },
      signal: this.#stopped.signal,
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Sends a payload as an event with this signing, outside the outbox; gives the answer. */
  requestEvent(payload: Record<string, unknown>, signing: Signing = {}) {
    return this.request(JSON.stringify(payload), 'application/json', signing);
  }

  /** Asks the app whether the address is its own, as when it is entered; true where it answers rightly. */
  async verifyUrl(): Promise<boolean> {
    const challenge = 'a challenge';
    const asked = await this.requestEvent({ token: 'fake', type: 'url_verification', challenge });
    return asked.status === 200 && asked.text.includes(challenge);
  }

  async #send({ id, delivery, number }: Attempt): Promise<void> {
    const { kind, payload, retryReason = 'http_timeout' } = delivery;
    const isJson = kind === 'events_api';
    const body = isJson ? JSON.stringify(payload) : formOf(kind, payload);
    const type = isJson ? 'application/json' : 'application/x-www-form-urlencoded';
    const headers =
      number === 0
        ? {}
        : {
            'x-slack-retry-num': String(number),
            'x-slack-retry-reason': retryReason === 'timeout' ? 'http_timeout' : retryReason,
          };
    try {
      const answer = await this.request(body, type, { headers });
      if (answer.status < 300) this.#outbox.acknowledge(id, readable(answer.text));
      else {
        const mayRetry = answer.headers.get('x-slack-no-retry') !== '1';
        this.#outbox.fail(id, 'http_error', { mayRetry });
      }
    } catch {
      if (!this.#stopped.signal.aborted) this.#outbox.fail(id, 'connection_failed');
    }
  }
}

function formOf(kind: string, payload: Record<string, unknown>): string {
  const fields =
    kind === 'slash_commands'
      ? Object.entries(payload).map(([key, value]) => [key, String(value)])
      : [['payload', JSON.stringify(payload)]];
  return new URLSearchParams(fields).toString();
}

function readable(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text === '' ? undefined : text;
  }
}
