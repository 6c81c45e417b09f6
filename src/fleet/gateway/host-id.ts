/** Global ids of hosts. The hosts themselves create the ids of their objects. */

/** The global id of a host. */
export function hostIdOf(name: string): string {
  return Buffer.from(`host:${name}`).toString('base64url');
}

/** The name of the host with this id; null if it is not the id of a host. */
export function hostOfId(id: string): string | null {
  const name = /^host:(?<name>[a-z0-9-]{1,63})$/.exec(Buffer.from(id, 'base64url').toString())?.groups?.[
    'name'
  ];
  return name !== undefined && hostIdOf(name) === id ? name : null;
}
