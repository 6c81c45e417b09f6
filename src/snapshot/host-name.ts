/** The name of a host: the machine whose hypervisor a service reads. */

/** The name of a host if none is given. */
export const defaultHostName = 'local';

/** The allowed form of a host name, for messages. */
export const hostNameNeed = 'a host name of 1 to 63 of the characters a-z, 0-9 and -, such as "web-17"';

/** Whether a text is the name of a host. Such names are one token of a subject of NATS, and part of global ids. */
export function isHostName(text: string): boolean {
  return /^[a-z0-9-]{1,63}$/.test(text);
}
