/** What the settings on TLS come to; they need each other. */
import type { TlsSettings } from '../../server/http/tls.ts';
import { placesOf, type Chosen, type Given } from './setting-identity.ts';
import type { SettingsOf } from './setting-table.ts';

type ServeTls = Pick<SettingsOf<'serve'>, 'tlsCert' | 'tlsKey' | 'tlsClientCa' | 'tlsClientMap'>;

/** The files of TLS that `serve` is told to use; none is plain HTTP. */
export function chooseTls(settings: ServeTls, given: Given): Chosen<TlsSettings> {
  const { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa, tlsClientMap: clientMap } = settings;
  const needs = (name: string, ...needed: readonly [name: string, flag: string][]): string[] =>
    placesOf([name], given).flatMap((place) =>
      needed
        .filter(([other]) => !given.has(other))
        .map(([, flag]) => `${place} is of no use without ${flag}.`),
    );
  const certFlag = ['tlsCert', '--tls-cert'] as const;
  const keyFlag = ['tlsKey', '--tls-key'] as const;
  const problems = [
    ...needs('tlsCert', [...keyFlag]),
    ...needs('tlsKey', [...certFlag]),
    ...(given.has('tlsCert') || given.has('tlsKey') ? [] : needs('tlsClientCa', [...certFlag], [...keyFlag])),
    ...needs('tlsClientMap', ['tlsClientCa', '--tls-client-ca']),
  ];
  const choice = cert === null || key === null ? null : { cert, key, clientCa, clientMap };
  return { choice, problems };
}
