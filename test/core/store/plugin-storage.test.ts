import { describe, expect, it } from 'vitest';
import { databases } from './store-fixture.ts';

describe.each(databases())('values of a plugin in %s', (_, newDatabase) => {
  it('are added once for a key, however many try', async () => {
    const values = (await (await newDatabase())()).pluginStorage('triage', 'tenant');
    const tries = Array.from({ length: 5 }, (_, index) => index);
    const added = await Promise.all(tries.map((each) => values.add('ticket 1', each)));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await values.get('ticket 1')).toBe(added.indexOf(true));
    await values.delete('ticket 1');
    expect(await values.add('ticket 1', 'again')).toBe(true);
  });

  it('are changed where they are set again', async () => {
    const values = (await (await newDatabase())()).pluginStorage('triage', 'tenant');
    await values.set('ticket 1', { severity: 'low' });
    await values.set('ticket 1', { severity: 'high' });
    expect(await values.get('ticket 1')).toEqual({ severity: 'high' });
    expect(await values.keys('ticket ')).toEqual(['ticket 1']);
  });
});
