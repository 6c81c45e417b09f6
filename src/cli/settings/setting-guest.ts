/** What is wrong with the settings of guest sockets together. */
import type { Given } from './setting-identity.ts';

/** A sentence for each setting that says how guest sockets are made where there are none. */
export function unusedGuestSettings(given: Given): readonly string[] {
  if (given.has('guestSocket')) return [];
  return ['guestSocketMode', 'guestPort'].flatMap((name) => {
    const place = given.get(name);
    return place === undefined ? [] : [`${place} is of no use without --guest-socket.`];
  });
}
