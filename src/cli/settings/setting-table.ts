/** The table of settings. Parsing, help texts and docs/settings.md are derived from it. */
import { parseSimulator } from '../../source/sources.ts';
import type { CommandRow, Setting, ValuesOf } from './setting.ts';
import {
  parseAuditSize,
  parseBytes,
  parseCallerPartition,
  parseCount,
  parseGuestPort,
  parseGuestSocket,
  parseHostCount,
  parseHostName,
  parseHostNames,
  parseHosts,
  parseHistoryEvery,
  parseInterval,
  parseIntrospection,
  parseKeySetUrl,
  parseLogLevel,
  parseLoopbackAddress,
  parseMinInterval,
  parseMode,
  parseNatsAddress,
  parseOnOff,
  parseOrigins,
  parsePartition,
  parsePort,
  parsePrivileges,
  parseProxies,
  parseSecret,
  parseSource,
  parseStatisticsObject,
  parseSwitch,
  parseText,
  parseSnapshotMaxAge,
  parseTimeout,
  parseWorkers,
  switchOff,
} from './setting-value.ts';
import { parseColumnNames, parseFilter, parseServiceUrl, parseTopView } from './top-setting.ts';

const source = {
  flag: 'source',
  variable: 'HVQL_SOURCE',
  placeholder: '<source>',
  parse: parseSource,
  default: 'simulator',
  description:
    'where the statistics come from: simulator[?seed=…], pages:<folder>, capture:<folder or .tar>, mshv[:<folder>], windows',
} satisfies Setting;

const names = {
  flag: 'names',
  variable: 'HVQL_NAMES',
  placeholder: '<file>',
  parse: parseText,
  default: null,
  description:
    'JSON file with partition names for the source mshv, such as {"1": "root", "5": "web-1"}; reloaded when it changes',
} satisfies Setting;

const hostName = {
  flag: 'host-name',
  variable: 'HVQL_HOST_NAME',
  placeholder: '<name>',
  parse: parseHostName,
  default: null,
  description:
    'name of this host, used in every object and every global id; if not given, "local" or the name in the capture',
} satisfies Setting;

const jwtSecret = {
  flag: null,
  variable: 'HVQL_JWT_SECRET',
  placeholder: '<secret>',
  parse: parseSecret,
  default: null,
  description: 'secret that signs the tokens (HS256, HS384, HS512), at least 32 bytes',
} satisfies Setting;

const jwtSecretFile = {
  flag: 'jwt-secret-file',
  variable: 'HVQL_JWT_SECRET_FILE',
  placeholder: '<file>',
  parse: parseText,
  default: null,
  description: 'file that contains the secret; a trailing newline is ignored',
} satisfies Setting;

const jwtIssuer = {
  flag: 'jwt-issuer',
  variable: 'HVQL_JWT_ISSUER',
  placeholder: '<issuer>',
  parse: parseText,
  default: null,
  description: 'required "iss" claim of tokens; not checked if not given',
} satisfies Setting;

const jwtAudience = {
  flag: 'jwt-audience',
  variable: 'HVQL_JWT_AUDIENCE',
  placeholder: '<audience>',
  parse: parseText,
  default: null,
  description: 'required "aud" claim of tokens; not checked if not given',
} satisfies Setting;

const file = { placeholder: '<file>', parse: parseText, default: null } as const;

/** The settings of a process that is part of a fleet. */
const nats = {
  nats: {
    flag: 'nats',
    variable: 'HVQL_NATS',
    placeholder: '<address>',
    parse: parseNatsAddress,
    default: null,
    description:
      'address of the NATS server of the fleet to join, such as nats://nats-1:4222, or several, separated by commas; needs --host-name',
  },
  natsCreds: {
    ...file,
    flag: 'nats-creds',
    variable: 'HVQL_NATS_CREDS',
    description: 'file with the credentials of a NATS user, as written by nsc',
  },
  natsCa: {
    ...file,
    flag: 'nats-ca',
    variable: 'HVQL_NATS_CA',
    description:
      'PEM file with the CA certificates for the NATS server; if not given, the CAs that Node trusts',
  },
  natsCert: {
    ...file,
    flag: 'nats-cert',
    variable: 'HVQL_NATS_CERT',
    description: 'PEM file with the client certificate for NATS; needs --nats-key',
  },
  natsKey: {
    ...file,
    flag: 'nats-key',
    variable: 'HVQL_NATS_KEY',
    description: 'PEM file with the private key of that certificate',
  },
} satisfies Record<string, Setting>;

const duration = { variable: null, placeholder: '<time>', parse: parseInterval } as const;

/** A limit on requests. */
function limit<Flag extends string>(flag: Flag, text: string, description: string) {
  const variable = `HVQL_${flag.toUpperCase().replaceAll('-', '_')}` as const;
  return { flag, variable, placeholder: '<number>', parse: parseCount, default: text, description };
}

/** The commands of a host, and their settings. */
const hostCommands = {
  serve: {
    summary: 'Serves GraphQL over HTTP.',
    positional: null,
    settings: {
      source,
      names,
      hostName,
      host: {
        flag: 'host',
        variable: 'HVQL_HOST',
        placeholder: '<host>',
        parse: parseText,
        default: '127.0.0.1',
        description: 'address to listen on; an address other than loopback needs an identity method',
      },
      port: {
        flag: 'port',
        variable: 'HVQL_PORT',
        placeholder: '<port>',
        parse: parsePort,
        default: '4000',
        description: 'port to listen on; 0 chooses a free port',
      },
      workers: {
        flag: 'workers',
        variable: 'HVQL_WORKERS',
        placeholder: '<number or auto>',
        parse: parseWorkers,
        default: '1',
        description: 'number of processes that serve the port; auto starts one for each available processor',
      },
      jwtSecret,
      jwtSecretFile,
      jwtKeyFile: {
        flag: 'jwt-key-file',
        variable: 'HVQL_JWT_KEY_FILE',
        placeholder: '<file>',
        parse: parseText,
        default: null,
        description:
          'file with the public key that verifies tokens: PEM, X.509 certificate, JSON Web Key or JSON Web Key Set',
      },
      jwksUrl: {
        flag: 'jwks-url',
        variable: 'HVQL_JWKS_URL',
        placeholder: '<address>',
        parse: parseKeySetUrl,
        default: null,
        description: 'URL of the JSON Web Key Set that verifies tokens',
      },
      jwtIssuer,
      jwtAudience,
      requireExpiry: {
        flag: 'require-expiry',
        variable: 'HVQL_REQUIRE_EXPIRY',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'off',
        description: 'whether tokens without an expiry ("exp") are refused',
      },
      revoked: {
        ...file,
        flag: 'revoked',
        variable: 'HVQL_REVOKED',
        description:
          'JSON file with revoked credentials, {"jti": [], "sub": [], "fingerprints": []}; reloaded when it changes',
      },
      tlsCert: {
        ...file,
        flag: 'tls-cert',
        variable: 'HVQL_TLS_CERT',
        description: 'PEM file with the certificate for HTTPS; needs --tls-key',
      },
      tlsKey: {
        ...file,
        flag: 'tls-key',
        variable: 'HVQL_TLS_KEY',
        description: 'PEM file with the private key of that certificate',
      },
      tlsClientCa: {
        ...file,
        flag: 'tls-client-ca',
        variable: 'HVQL_TLS_CLIENT_CA',
        description: 'PEM file with the CA certificates whose client certificates authenticate callers',
      },
      tlsClientMap: {
        ...file,
        flag: 'tls-client-map',
        variable: 'HVQL_TLS_CLIENT_MAP',
        description:
          'JSON file that maps client certificates to partitions, for certificates that do not name one',
      },
      tlsCrl: {
        ...file,
        flag: 'tls-crl',
        variable: 'HVQL_TLS_CRL',
        description:
          'PEM file with the certificate revocation lists (CRLs) for client certificates, one for each issuer; reloaded when it changes',
      },
      allowedHosts: {
        flag: 'allowed-hosts',
        variable: 'HVQL_ALLOWED_HOSTS',
        placeholder: '<names>',
        parse: parseHosts,
        default: null,
        description:
          'accepted names in the Host header, separated by commas; if not given, any name, but on loopback only loopback names',
      },
      trustedProxies: {
        flag: 'trusted-proxies',
        variable: 'HVQL_TRUSTED_PROXIES',
        placeholder: '<addresses>',
        parse: parseProxies,
        default: null,
        description:
          'proxies whose X-Forwarded-For header is trusted for the address of the client: addresses and networks ' +
          '(10.0.0.0/8), separated by commas',
      },
      ...nats,
      gatewayKeys: {
        ...file,
        flag: 'gateway-keys',
        variable: 'HVQL_GATEWAY_KEYS',
        description:
          'file with the JSON Web Key Set of the gateways whose delegated tokens are accepted; reloaded when it changes; required unless NATS is on this machine',
      },
      minInterval: {
        ...duration,
        parse: parseMinInterval,
        flag: 'min-interval',
        variable: 'HVQL_MIN_INTERVAL',
        default: '100ms',
        description: 'minimum time between two events of a subscription',
      },
      snapshotMaxAge: {
        ...duration,
        parse: parseSnapshotMaxAge,
        flag: 'snapshot-max-age',
        variable: 'HVQL_SNAPSHOT_MAX_AGE',
        default: '10ms',
        description:
          'maximum age at which a snapshot, or the response to an identical request, is reused; 0 disables reuse',
      },
      sourceTimeout: {
        ...duration,
        parse: parseTimeout,
        flag: 'source-timeout',
        variable: 'HVQL_SOURCE_TIMEOUT',
        default: '5s',
        description: 'how long to wait for the source before it is considered unavailable',
      },
      history: {
        ...duration,
        parse: parseTimeout,
        flag: 'history',
        variable: 'HVQL_HISTORY',
        default: '5m',
        description: 'how far back the history of an object goes, at most a day',
      },
      historyEvery: {
        flag: 'history-every',
        variable: 'HVQL_HISTORY_EVERY',
        placeholder: '<time|off>',
        parse: parseHistoryEvery,
        default: switchOff,
        description:
          'interval at which the service reads everything that callers may read, so that history exists without requests: 1s to 1h, or off',
      },
      historyBytes: {
        flag: 'history-bytes',
        variable: 'HVQL_HISTORY_BYTES',
        placeholder: '<size>',
        parse: parseBytes,
        default: '256MB',
        description: 'memory for past readings in each process; if they do not fit, fewer are kept',
      },
      compiled: {
        flag: 'compiled',
        variable: 'HVQL_COMPILED',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description: 'whether hvql writes results itself; off uses graphql-js, with the same results',
      },
      hotPath: {
        flag: 'hot-path',
        variable: 'HVQL_HOT_PATH',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description:
          'whether repeated queries with verified credentials are answered without Yoga, with the same results',
      },
      metrics: {
        flag: 'metrics',
        variable: 'HVQL_METRICS',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description: 'whether /metrics serves the counters that the caller may read, for Prometheus',
      },
      metricsListen: {
        flag: 'metrics-listen',
        variable: 'HVQL_METRICS_LISTEN',
        placeholder: '<host:port>',
        parse: parseLoopbackAddress,
        default: null,
        description:
          'loopback address, such as 127.0.0.1:9464, where /metrics serves the health of the service without authentication',
      },
      plugin: {
        flag: 'plugin',
        variable: 'HVQL_PLUGIN',
        placeholder: '<module>',
        parse: parseText,
        default: null,
        isRepeatable: true,
        description:
          'Yoga or envelop plugin to load: a path that begins with . or /, or the name of a package. It runs with all rights ' +
          'of the service and turns the hot path off. May be given several times (in the variable: separated by commas)',
      },
      graphiql: {
        flag: 'graphiql',
        variable: 'HVQL_GRAPHIQL',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description: 'whether GraphiQL is served to browsers',
      },
      dashboard: {
        flag: 'dashboard',
        variable: 'HVQL_DASHBOARD',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description:
          'whether the dashboard is served at /; its documents are allowed with --operations as well',
      },
      introspection: {
        flag: 'introspection',
        variable: 'HVQL_INTROSPECTION',
        placeholder: '<on|root|off>',
        parse: parseIntrospection,
        default: 'on',
        description: 'which callers may query the schema: on is all, root the root partition, off none',
      },
      maxTokens: limit('max-tokens', '10000', 'maximum number of tokens in a document'),
      maxDepth: limit('max-depth', '16', 'maximum nesting depth of an operation, in fields'),
      maxAliases: limit('max-aliases', '200', 'maximum number of aliases in an operation'),
      maxDirectives: limit('max-directives', '50', 'maximum number of directives in an operation'),
      maxListItems: limit('max-list-items', '5000', 'maximum number of items in a list argument'),
      maxValues: limit('max-values', '250000', 'maximum number of values in a response'),
      maxPages: limit(
        'max-pages',
        '10000',
        'maximum number of overlay pages read for a response or an event',
      ),
      maxTime: {
        ...duration,
        parse: parseTimeout,
        flag: 'max-time',
        variable: 'HVQL_MAX_TIME',
        default: '15s',
        description:
          'maximum time for a response, in addition to the time that the operation itself asks to wait',
      },
      maxStreams: {
        flag: 'max-streams',
        variable: 'HVQL_MAX_STREAMS',
        placeholder: '<number>',
        parse: parseCount,
        default: '20000',
        description: 'maximum number of open subscriptions',
      },
      maxStreamsPerCaller: {
        flag: 'max-streams-per-caller',
        variable: 'HVQL_MAX_STREAMS_PER_CALLER',
        placeholder: '<number>',
        parse: parseCount,
        default: '10000',
        description: 'maximum number of open subscriptions of one caller',
      },
      maxStreamValues: {
        flag: 'max-stream-values',
        variable: 'HVQL_MAX_STREAM_VALUES',
        placeholder: '<number>',
        parse: parseCount,
        default: '100000',
        description: 'maximum number of values in an event of a subscription',
      },
      maxValuesPerSecond: limit(
        'max-values-per-second',
        '5000000',
        'maximum number of values per second sent to one caller in responses and events, averaged over a minute',
      ),
      maxConnections: limit(
        'max-connections',
        '20000',
        'maximum number of open connections; lowered if the open file limit of the process requires it',
      ),
      maxConnectionsPerAddress: limit(
        'max-connections-per-address',
        '12000',
        'maximum number of open connections from one address, except loopback; an IPv6 /64 network counts as one address',
      ),
      allowedOrigins: {
        flag: 'allowed-origins',
        variable: 'HVQL_ALLOWED_ORIGINS',
        placeholder: '<origins>',
        parse: parseOrigins,
        default: null,
        description:
          "origins of web pages that may send requests, in addition to the service's own, separated by commas",
      },
      guestSocket: {
        flag: 'guest-socket',
        variable: 'HVQL_GUEST_SOCKET',
        placeholder: '<partition id>=<path> or <folder>',
        parse: parseGuestSocket,
        default: null,
        isRepeatable: true,
        description:
          'UNIX socket whose clients are authenticated as that partition, without a token; for a folder, one for each ' +
          '<partition id>.sock in it. May be given several times (in the variable: separated by commas)',
      },
      guestSocketMode: {
        flag: 'guest-socket-mode',
        variable: 'HVQL_GUEST_SOCKET_MODE',
        placeholder: '<octal>',
        parse: parseMode,
        default: '0600',
        description: 'file mode of these sockets: a user with write permission can connect',
      },
      guestPort: {
        flag: 'guest-port',
        variable: 'HVQL_GUEST_PORT',
        placeholder: '<port>',
        parse: parseGuestPort,
        default: '4000',
        description:
          'port of the virtual socket (vsock) that guests connect to; in a folder the socket is <partition id>.sock_<port>',
      },
      operations: {
        flag: 'operations',
        variable: 'HVQL_OPERATIONS',
        placeholder: '<folder or manifest>',
        parse: parseText,
        default: null,
        description:
          'folder of .graphql files, or a manifest written by GraphQL Code Generator, Relay or Apollo: only these ' +
          'documents may be executed, whether sent by id or by text',
      },
      audit: {
        flag: 'audit',
        variable: 'HVQL_AUDIT',
        placeholder: '<file or ->',
        parse: parseText,
        default: null,
        description:
          'file that gets a JSON line for each denied read, each opened or closed stream, and each refused request; - is ' +
          'standard output',
      },
      auditSize: {
        flag: 'audit-size',
        variable: 'HVQL_AUDIT_SIZE',
        placeholder: '<size or off>',
        parse: parseAuditSize,
        default: '100MB',
        description:
          'size at which the audit file is renamed to <file>.1, <file>.1 to <file>.2, and so on; nine old files are kept',
      },
      logLevel: {
        flag: 'log-level',
        variable: 'HVQL_LOG_LEVEL',
        placeholder: '<level>',
        parse: parseLogLevel,
        default: 'info',
        description: 'trace, debug (one line per request), info, warn, error, fatal or silent',
      },
    },
  },
  top: {
    summary: 'Shows live statistics in a terminal, from a service or directly from a source.',
    positional: null,
    settings: {
      url: {
        flag: 'url',
        variable: null,
        placeholder: '<address>',
        parse: parseServiceUrl,
        default: null,
        description:
          'URL of a service or gateway, such as http://127.0.0.1:4000; if not given, --source is opened in this process',
      },
      tokenFile: {
        ...file,
        flag: 'token-file',
        variable: 'HVQL_TOKEN_FILE',
        description: 'file with the token for --url; reloaded when it changes',
      },
      tlsCa: {
        ...file,
        flag: 'tls-ca',
        variable: null,
        description:
          'PEM file with the CA certificates for the service; if not given, the CAs that Node trusts',
      },
      tlsCert: {
        ...file,
        flag: 'tls-cert',
        variable: null,
        description: 'PEM file with the client certificate to send; needs --tls-key',
      },
      tlsKey: {
        ...file,
        flag: 'tls-key',
        variable: null,
        description: 'PEM file with the private key of that certificate',
      },
      source,
      names,
      hostName: {
        ...hostName,
        variable: null,
        description:
          'with --url, the host to show if the address is a gateway; without, the name of this host',
      },
      view: {
        flag: 'view',
        variable: null,
        placeholder: '<view>',
        parse: parseTopView,
        default: null,
        description:
          'initial view: partitions, virtual-processors, logical-processors, intercepts (of one partition) or hosts (of a gateway)',
      },
      partition: {
        flag: 'partition',
        variable: null,
        placeholder: '<id>',
        parse: parsePartition,
        default: null,
        description: 'partition whose virtual processors or intercepts are shown',
      },
      columns: {
        flag: 'columns',
        variable: null,
        placeholder: '<names>',
        parse: parseColumnNames,
        default: null,
        description:
          'counters to show, separated by commas, by their names in schema/counters.md: hypercalls is the rate, hypercalls.deltas the increase, hypercalls.counters the total',
      },
      sort: {
        flag: 'sort',
        variable: null,
        placeholder: '<column>',
        parse: parseText,
        default: null,
        description: 'column to sort by, in descending order; <column>:asc sorts in ascending order',
      },
      filter: {
        flag: 'filter',
        variable: null,
        placeholder: '<text>',
        parse: parseFilter,
        default: null,
        description:
          'show only rows whose name contains this text, or whose id is listed: =<ids>, separated by commas',
      },
      every: { ...duration, flag: 'every', default: '1s', description: 'time between updates' },
      for: {
        ...duration,
        parse: parseTimeout,
        flag: 'for',
        default: null,
        description: 'how long to run; if not given, until you quit',
      },
      once: {
        flag: 'once',
        variable: null,
        placeholder: null,
        parse: parseSwitch,
        default: switchOff,
        description: 'print one table',
      },
      json: {
        flag: 'json',
        variable: null,
        placeholder: null,
        parse: parseSwitch,
        default: switchOff,
        description: 'print a JSON document; with --for, one line of JSON per update',
      },
    },
  },
  record: {
    summary: 'Records the statistics of a source into a capture, frame by frame.',
    positional: null,
    settings: {
      source,
      names,
      hostName: {
        ...hostName,
        description:
          'host name to store in the capture; if not given and the source is a capture, the name in that capture',
      },
      every: { ...duration, flag: 'every', default: '1s', description: 'time between frames' },
      for: {
        ...duration,
        flag: 'for',
        default: null,
        description: 'how long to record; if not given, until interrupted',
      },
      out: {
        flag: 'out',
        variable: null,
        placeholder: '<folder or .tar>',
        parse: parseText,
        default: null,
        isRequired: true,
        description: 'folder or .tar file to write the capture to',
      },
    },
  },
  simulate: {
    summary: 'Writes the statistics of a simulated hypervisor to a page folder, continuously.',
    positional: null,
    settings: {
      source: {
        ...source,
        // The variable is for the service, which may read what is simulated here.
        variable: null,
        parse: parseSimulator,
        description: 'the simulator with its parameters: simulator?seed=1&lps=16&partitions=8&vps=4',
      },
      every: {
        ...duration,
        flag: 'every',
        default: '100ms',
        description: 'time between snapshots',
      },
      for: {
        ...duration,
        flag: 'for',
        default: null,
        description: 'how long to run; if not given, until interrupted',
      },
      out: {
        flag: 'out',
        variable: null,
        placeholder: '<folder>',
        parse: parseText,
        default: null,
        isRequired: true,
        description: 'the page folder',
      },
    },
  },
  inspect: {
    summary: 'Prints the statistics groups and counters of an overlay page.',
    positional: { placeholder: '<page>', description: 'file of 4096 bytes' },
    settings: {
      object: {
        flag: 'object',
        variable: null,
        placeholder: '<object>',
        parse: parseStatisticsObject,
        default: null,
        description:
          'kind of object that the page belongs to: hypervisor, logical-processor, partition or virtual-processor',
      },
      json: {
        flag: 'json',
        variable: null,
        placeholder: null,
        parse: parseSwitch,
        default: switchOff,
        description: 'print JSON instead of a table',
      },
    },
  },
  operations: {
    summary:
      'Prints the documents that serve --operations would allow, with the id that clients send for each.',
    positional: {
      placeholder: '<folder or manifest>',
      description: 'folder of .graphql files or manifest, as for serve --operations',
    },
    settings: {},
  },
  doctor: {
    summary: 'Reports which statistics this machine has, what is missing to read them, and how to start.',
    positional: null,
    settings: {},
  },
  token: {
    summary: 'Prints a token for a service that has the same secret.',
    positional: null,
    settings: {
      jwtSecret,
      jwtSecretFile,
      partition: {
        flag: 'partition',
        variable: null,
        placeholder: '<id or root>',
        parse: parseCallerPartition,
        default: null,
        isRequired: true,
        description:
          'partition that the token is for; root means the root partition of each host where the token is used',
      },
      hostNames: {
        flag: 'host-names',
        variable: null,
        placeholder: '<names or *>',
        parse: parseHostNames,
        default: null,
        description:
          'host names that the token is for, separated by commas, or * for all; if not given, the token names no host',
      },
      privileges: {
        flag: 'privileges',
        variable: null,
        placeholder: '<names>',
        parse: parsePrivileges,
        default: 'ACCESS_STATS,ACCESS_STATS_MSR',
        description: 'privileges in the token, separated by commas; "" for none',
      },
      expiresIn: {
        ...duration,
        flag: 'expires-in',
        default: '1h',
        description: 'how long the token is valid',
      },
      issuer: { ...jwtIssuer, flag: 'issuer', description: '"iss" claim of the token' },
      audience: { ...jwtAudience, flag: 'audience', description: '"aud" claim of the token' },
    },
  },
} satisfies Record<string, CommandRow>;

const { settings: served } = hostCommands.serve;
const { serve, ...others } = hostCommands;

/** Every command and its settings. */
export const commands = {
  serve,
  gateway: {
    summary: 'Serves the graph of a fleet: many hosts, connected through NATS.',
    positional: null,
    settings: {
      ...nats,
      nats: {
        ...nats.nats,
        isRequired: true,
        description:
          'address of the NATS server, such as nats://nats-1:4222, or several, separated by commas',
      },
      hosts: {
        ...file,
        flag: 'hosts',
        variable: 'HVQL_HOSTS',
        description:
          'JSON file with the names of the hosts, {"hosts": ["web-17"]}; reloaded when it changes; if not given, all hosts that are alive',
      },
      gatewayKey: {
        ...file,
        flag: 'gateway-key',
        variable: 'HVQL_GATEWAY_KEY',
        description:
          'file with the private key (Ed25519 or P-256, PEM or JSON Web Key) that signs delegated tokens; required unless NATS is on this machine',
      },
      hostDeadline: {
        ...duration,
        parse: parseTimeout,
        flag: 'host-deadline',
        variable: 'HVQL_HOST_DEADLINE',
        default: '2s',
        description:
          'how long to wait for a host; after a timeout, the gateway does not wait for that host until it responds again',
      },
      maxFleetBytes: {
        flag: 'max-fleet-bytes',
        variable: 'HVQL_MAX_FLEET_BYTES',
        placeholder: '<size>',
        parse: parseBytes,
        default: '16MB',
        description: 'maximum total size of the responses of all hosts to one operation',
      },
      host: served.host,
      port: served.port,
      jwtSecret,
      jwtSecretFile,
      jwtKeyFile: served.jwtKeyFile,
      jwksUrl: served.jwksUrl,
      jwtIssuer,
      jwtAudience,
      requireExpiry: served.requireExpiry,
      revoked: served.revoked,
      tlsCert: served.tlsCert,
      tlsKey: served.tlsKey,
      allowedHosts: served.allowedHosts,
      trustedProxies: served.trustedProxies,
      allowedOrigins: served.allowedOrigins,
      graphiql: served.graphiql,
      dashboard: served.dashboard,
      introspection: served.introspection,
      metrics: {
        ...served.metrics,
        description:
          'whether /metrics serves the health of the gateway to callers that are root on all hosts, for Prometheus',
      },
      metricsListen: served.metricsListen,
      plugin: served.plugin,
      maxTokens: served.maxTokens,
      maxDepth: served.maxDepth,
      maxAliases: served.maxAliases,
      maxDirectives: served.maxDirectives,
      minInterval: served.minInterval,
      maxStreams: served.maxStreams,
      maxStreamsPerCaller: served.maxStreamsPerCaller,
      maxValuesPerSecond: served.maxValuesPerSecond,
      maxConnections: served.maxConnections,
      maxConnectionsPerAddress: served.maxConnectionsPerAddress,
      operations: served.operations,
      audit: served.audit,
      auditSize: served.auditSize,
      logLevel: served.logLevel,
    },
  },
  fleet: {
    summary: 'Runs a demonstration fleet on this machine: nats-server, simulated hosts and a gateway.',
    positional: null,
    settings: {
      hosts: {
        flag: 'hosts',
        variable: null,
        placeholder: '<number>',
        parse: parseHostCount,
        default: '20',
        description: 'number of simulated hosts, at most 1000',
      },
      nats: {
        ...nats.nats,
        variable: null,
        description:
          'address of a running NATS server; if not given, nats-server is started on a loopback port',
      },
      host: served.host,
      port: served.port,
      jwtSecret,
      jwtSecretFile,
      logLevel: { ...served.logLevel, default: 'warn' },
    },
  },
  ...others,
} satisfies Record<string, CommandRow>;

/** The name of a command on the command line. */
export type CommandName = keyof typeof commands;
/** The values of a command's settings. */
export type SettingsOf<Name extends CommandName> = ValuesOf<(typeof commands)[Name]['settings']>;

/** The commands' names, in the order of the table. */
export const commandNames = Object.keys(commands) as readonly CommandName[];
