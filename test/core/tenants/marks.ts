import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

/** Names that a store, a cache or a comparison might take for one another. */
export const tenants: readonly string[] = [
  'team',
  'Team',
  'team ',
  ' team',
  'team%',
  't_am',
  "team' or '1'='1",
  'team","team',
  '["team"]',
  'téam',
  'te\u0301am',
  'team2',
];

export const adapters: readonly string[] = ['one', 'two'];

/** One tenant of one platform, with what only it may see. */
export interface Tenancy {
  adapter: string;
  tenant: string;
  mark: string;
}

export const tenancies: readonly Tenancy[] = adapters.flatMap((adapter) =>
  tenants.map((tenant) => ({ adapter, tenant, mark: markOf(adapter, tenant) })),
);

/** A word that stands in nothing but what belongs to the owner of these names. */
export function markOf(...names: string[]): string {
  return `mark-${createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 16)}`;
}

/** Fails when anything in `value`, bytes included, bears the mark of somebody else. */
export function expectOwn(value: unknown, mark: string): void {
  for (const [found] of textOf(value).matchAll(/mark-[0-9a-f]{16}/g))
    assert.equal(found, mark, `What is marked ${mark} shows something marked ${found}.`);
}

function textOf(value: unknown): string {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, given) {
    const original = key === '' ? given : this[key];
    return original instanceof Uint8Array ? Buffer.from(original).toString('latin1') : given;
  });
  return text ?? '';
}
