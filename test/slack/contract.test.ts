import { adapterContract } from '@vistazo/core/testing';
import { describe, it } from 'vitest';
import { fakeFixture } from './fake-fixture.ts';

describe('the Slack adapter on the fake of Slack', () => {
  it.each(adapterContract)('$name', ({ run }) => run(fakeFixture));
});
