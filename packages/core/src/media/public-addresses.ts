import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import os from 'node:os';
import ipaddr from 'ipaddr.js';
import type { VistazoError } from '../errors.js';

/** The form of `dns.lookup` that is called. */
export type ResolveName = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The system's resolver. @internal */
export const systemResolver = lookup as ResolveName;

/** Which addresses may be reached besides public ones, and what is thrown for others. @internal */
export interface AddressRules {
  allowAddress: (address: string) => boolean;
  /** The error for something that is named as the beginning of a sentence. */
  refused: (what: string) => VistazoError;
}

/** Throws for addresses that are not http(s), have a password, or are numbers that may not be reached. @internal */
export function checkUrl(url: URL, { allowAddress, refused }: AddressRules): void {
  const host = plainHost(url.hostname);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(`An address that begins with ${url.protocol}`);
  if (url.username !== '' || url.password !== '') throw refused('An address with a password');
  // Literal addresses do not go through the lookup.
  if (isIP(host) !== 0 && !isPublic(host) && !allowAddress(host)) throw refused(host);
}

/** Whether a checked address is one that is not public, which somebody allowed: of a test or a closed network. @internal */
export function isAllowedInside({ hostname }: URL): boolean {
  const host = plainHost(hostname);
  return isIP(host) !== 0 && !isPublic(host);
}

function plainHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Whether an address is one of the public internet, seen through every way of embedding IPv4 in IPv6. */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const plain = ipaddr.process(address);
  if (plain.range() !== 'unicast' || isOfThisMachine(plain)) return false;
  return plain instanceof ipaddr.IPv4
    ? !insideClouds.some((range) => plain.match(range))
    : plain.match(globalUnicast, globalUnicastBits);
}

/**
 * Addresses of the public ranges at which clouds answer their own machines, and tell them secrets: of Azure's host
 * (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16), of Equinix Metal's metadata,
 * and of IBM's services (https://cloud.ibm.com/docs/vpc?topic=vpc-service-endpoints-for-vpc). Those of other clouds are
 * link-local or private anyway.
 */
const insideClouds = ['168.63.129.16/32', '192.80.8.124/32', '161.26.0.0/16', '166.8.0.0/14'].map(
  (range) => ipaddr.IPv4.parseCIDR(range),
);

/** Its own services are reached by its public address too, past the firewall before it. */
function isOfThisMachine(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const text = address.toNormalizedString();
  return Object.values(os.networkInterfaces())
    .flatMap((own) => own ?? [])
    .some((own) => ipaddr.process(own.address).toNormalizedString() === text);
}

/** All that is given out of IPv6 for the public internet, `2000::/3`. */
const globalUnicast = ipaddr.IPv6.parse('2000::');
const globalUnicastBits = 3;

/** A lookup that gives only addresses that may be reached. @internal */
export function lookupOf(
  resolveName: ResolveName,
  { allowAddress, refused }: AddressRules,
): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const bad = addresses.find(({ address }) => !isPublic(address) && !allowAddress(address));
      if (bad !== undefined) return callback(refused(hostname), []);
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
}
