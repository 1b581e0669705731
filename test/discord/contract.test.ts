import { adapterContract } from '@vistazo/core/testing';
import { describe, it } from 'vitest';
import { twinFixture } from './twin-fixture.ts';

describe('the Discord adapter on discord-digital-twin', () => {
  it.each(adapterContract)('$name', ({ run }) => run(twinFixture));
});
