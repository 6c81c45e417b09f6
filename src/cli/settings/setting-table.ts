/** The one table of settings: parsing, help texts and docs/settings.md are made from it. */
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
    'JSON file with the names of partitions for the source mshv, such as {"1": "root", "5": "web-1"}; read again when it changes',
} satisfies Setting;

const hostName = {
  flag: 'host-name',
  variable: 'HVQL_HOST_NAME',
  placeholder: '<name>',
  parse: parseHostName,
  default: null,
  description:
    'name of the host that is read, in every object and every global id; without: "local", or the name in a capture',
} satisfies Setting;

const jwtSecret = {
  flag: null,
  variable: 'HVQL_JWT_SECRET',
  placeholder: '<secret>',
  parse: parseSecret,
  default: null,
  description: 'secret that tokens are signed with (HS256, HS384, HS512), 32 bytes or more',
} satisfies Setting;

const jwtSecretFile = {
  flag: 'jwt-secret-file',
  variable: 'HVQL_JWT_SECRET_FILE',
  placeholder: '<file>',
  parse: parseText,
  default: null,
  description: 'file that holds that secret; a newline at its end does not count',
} satisfies Setting;

const jwtIssuer = {
  flag: 'jwt-issuer',
  variable: 'HVQL_JWT_ISSUER',
  placeholder: '<issuer>',
  parse: parseText,
  default: null,
  description: 'the "iss" that tokens need; unchecked without',
} satisfies Setting;

const jwtAudience = {
  flag: 'jwt-audience',
  variable: 'HVQL_JWT_AUDIENCE',
  placeholder: '<audience>',
  parse: parseText,
  default: null,
  description: 'the "aud" that tokens need; unchecked without',
} satisfies Setting;

const file = { placeholder: '<file>', parse: parseText, default: null } as const;

/** Of a process that is part of a fleet. */
const nats = {
  nats: {
    flag: 'nats',
    variable: 'HVQL_NATS',
    placeholder: '<address>',
    parse: parseNatsAddress,
    default: null,
    description:
      'address of NATS to join a fleet at, such as nats://nats-1:4222, or several with commas between them; needs --host-name',
  },
  natsCreds: {
    ...file,
    flag: 'nats-creds',
    variable: 'HVQL_NATS_CREDS',
    description: 'file with the credentials of a user of NATS, as nsc writes it',
  },
  natsCa: {
    ...file,
    flag: 'nats-ca',
    variable: 'HVQL_NATS_CA',
    description: "PEM file of the issuers of NATS's certificate; without: those that Node trusts",
  },
  natsCert: {
    ...file,
    flag: 'nats-cert',
    variable: 'HVQL_NATS_CERT',
    description: 'PEM file of the certificate to show to NATS; needs --nats-key',
  },
  natsKey: {
    ...file,
    flag: 'nats-key',
    variable: 'HVQL_NATS_KEY',
    description: 'PEM file of its private key',
  },
} satisfies Record<string, Setting>;

const duration = { variable: null, placeholder: '<time>', parse: parseInterval } as const;

/** A limit on what is asked. */
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
        description: 'address to listen on; any but a loopback one needs an identity method',
      },
      port: {
        flag: 'port',
        variable: 'HVQL_PORT',
        placeholder: '<port>',
        parse: parsePort,
        default: '4000',
        description: 'port to listen on; 0 is any free one',
      },
      workers: {
        flag: 'workers',
        variable: 'HVQL_WORKERS',
        placeholder: '<number or auto>',
        parse: parseWorkers,
        default: '1',
        description: 'processes that serve behind the port; auto is one for each processor that can be used',
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
          'public key that tokens are verified with: PEM, X.509 certificate, JSON Web Key or Key Set',
      },
      jwksUrl: {
        flag: 'jwks-url',
        variable: 'HVQL_JWKS_URL',
        placeholder: '<address>',
        parse: parseKeySetUrl,
        default: null,
        description: 'address of the JSON Web Key Set that tokens are verified with',
      },
      jwtIssuer,
      jwtAudience,
      requireExpiry: {
        flag: 'require-expiry',
        variable: 'HVQL_REQUIRE_EXPIRY',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'off',
        description: 'whether tokens without an end ("exp") are refused',
      },
      revoked: {
        ...file,
        flag: 'revoked',
        variable: 'HVQL_REVOKED',
        description:
          'JSON file of revoked credentials, {"jti": [], "sub": [], "fingerprints": []}; read again when it changes',
      },
      tlsCert: {
        ...file,
        flag: 'tls-cert',
        variable: 'HVQL_TLS_CERT',
        description: 'PEM file of the certificate to serve HTTPS with; needs --tls-key',
      },
      tlsKey: {
        ...file,
        flag: 'tls-key',
        variable: 'HVQL_TLS_KEY',
        description: 'PEM file of its private key',
      },
      tlsClientCa: {
        ...file,
        flag: 'tls-client-ca',
        variable: 'HVQL_TLS_CLIENT_CA',
        description: 'PEM file of the issuers whose client certificates authenticate callers',
      },
      tlsClientMap: {
        ...file,
        flag: 'tls-client-map',
        variable: 'HVQL_TLS_CLIENT_MAP',
        description: 'JSON file of partitions by certificate, for those that name none',
      },
      tlsCrl: {
        ...file,
        flag: 'tls-crl',
        variable: 'HVQL_TLS_CRL',
        description:
          'PEM file of the lists of revoked client certificates (CRLs), one of each issuer; read again when it changes',
      },
      allowedHosts: {
        flag: 'allowed-hosts',
        variable: 'HVQL_ALLOWED_HOSTS',
        placeholder: '<names>',
        parse: parseHosts,
        default: null,
        description:
          'names that are answered to (Host header), with commas between them; without: any, but on loopback only its own',
      },
      trustedProxies: {
        flag: 'trusted-proxies',
        variable: 'HVQL_TRUSTED_PROXIES',
        placeholder: '<addresses>',
        parse: parseProxies,
        default: null,
        description:
          'proxies whose X-Forwarded-For says which address a client has: addresses and networks (10.0.0.0/8), with ' +
          'commas between them',
      },
      ...nats,
      gatewayKeys: {
        ...file,
        flag: 'gateway-keys',
        variable: 'HVQL_GATEWAY_KEYS',
        description:
          'JSON Web Key Set of the gateways whose delegated tokens are accepted, read again when it changes; needed where NATS is not on this machine',
      },
      minInterval: {
        ...duration,
        parse: parseMinInterval,
        flag: 'min-interval',
        variable: 'HVQL_MIN_INTERVAL',
        default: '100ms',
        description: 'shortest time between two events of a subscription',
      },
      snapshotMaxAge: {
        ...duration,
        parse: parseSnapshotMaxAge,
        flag: 'snapshot-max-age',
        variable: 'HVQL_SNAPSHOT_MAX_AGE',
        default: '10ms',
        description:
          'how old a snapshot, or the answer to an equal request, may be to be used again; 0: never',
      },
      sourceTimeout: {
        ...duration,
        parse: parseTimeout,
        flag: 'source-timeout',
        variable: 'HVQL_SOURCE_TIMEOUT',
        default: '5s',
        description: 'how long to wait for the source before it counts as unavailable',
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
          'how often the service reads everything that callers may read, so that its history needs no requests: 1s to 1h; off: never',
      },
      historyBytes: {
        flag: 'history-bytes',
        variable: 'HVQL_HISTORY_BYTES',
        placeholder: '<size>',
        parse: parseBytes,
        default: '256MB',
        description: 'memory for past readings, in each process; as far as they do not fit, fewer are kept',
      },
      compiled: {
        flag: 'compiled',
        variable: 'HVQL_COMPILED',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description:
          'whether answers are written as bytes; off: graphql-js makes them, and they say the same',
      },
      hotPath: {
        flag: 'hot-path',
        variable: 'HVQL_HOT_PATH',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description:
          'whether repeats of the same query by verified credentials are answered without Yoga; they say the same',
      },
      metrics: {
        flag: 'metrics',
        variable: 'HVQL_METRICS',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description: 'whether /metrics gives each caller the counters that it may read, for Prometheus',
      },
      metricsListen: {
        flag: 'metrics-listen',
        variable: 'HVQL_METRICS_LISTEN',
        placeholder: '<host:port>',
        parse: parseLoopbackAddress,
        default: null,
        description:
          'loopback address, such as 127.0.0.1:9464, at which /metrics gives the health of the service without an identity',
      },
      plugin: {
        flag: 'plugin',
        variable: 'HVQL_PLUGIN',
        placeholder: '<module>',
        parse: parseText,
        default: null,
        isRepeatable: true,
        description:
          "plugin of Yoga or envelop to add: a path that begins with . or /, or a package's name. It runs with all rights " +
          'of the service and turns the hot path off. May be given several times (the variable: with commas between them)',
      },
      graphiql: {
        flag: 'graphiql',
        variable: 'HVQL_GRAPHIQL',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description: 'whether browsers are given the page of GraphiQL',
      },
      dashboard: {
        flag: 'dashboard',
        variable: 'HVQL_DASHBOARD',
        placeholder: '<on|off>',
        parse: parseOnOff,
        default: 'on',
        description:
          'whether browsers are given the dashboard at /; its documents may run with --operations as well',
      },
      introspection: {
        flag: 'introspection',
        variable: 'HVQL_INTROSPECTION',
        placeholder: '<on|root|off>',
        parse: parseIntrospection,
        default: 'on',
        description: 'which callers may query the schema: all, the root partition, none',
      },
      maxTokens: limit('max-tokens', '10000', 'tokens that a document may have'),
      maxDepth: limit('max-depth', '16', 'fields that an operation may be deep'),
      maxAliases: limit('max-aliases', '200', 'aliases that an operation may have'),
      maxDirectives: limit('max-directives', '50', 'directives that an operation may have'),
      maxListItems: limit('max-list-items', '5000', 'items that a list in an argument may have'),
      maxValues: limit('max-values', '250000', 'values that an answer may hold'),
      maxPages: limit('max-pages', '10000', 'overlay pages that may be read for an answer or an event'),
      maxTime: {
        ...duration,
        parse: parseTimeout,
        flag: 'max-time',
        variable: 'HVQL_MAX_TIME',
        default: '15s',
        description: 'how long an answer may take, beside the time that it is asked to wait for',
      },
      maxStreams: {
        flag: 'max-streams',
        variable: 'HVQL_MAX_STREAMS',
        placeholder: '<number>',
        parse: parseCount,
        default: '20000',
        description: 'subscriptions that may be open at once',
      },
      maxStreamsPerCaller: {
        flag: 'max-streams-per-caller',
        variable: 'HVQL_MAX_STREAMS_PER_CALLER',
        placeholder: '<number>',
        parse: parseCount,
        default: '10000',
        description: 'how many of them may be of one caller',
      },
      maxStreamValues: {
        flag: 'max-stream-values',
        variable: 'HVQL_MAX_STREAM_VALUES',
        placeholder: '<number>',
        parse: parseCount,
        default: '100000',
        description: 'values that one event of a subscription may hold',
      },
      maxValuesPerSecond: limit(
        'max-values-per-second',
        '5000000',
        'values a second that one caller may be sent in answers and events together, on average over a minute',
      ),
      maxConnections: limit(
        'max-connections',
        '20000',
        'connections that may be open at once; fewer where the process may have fewer files open',
      ),
      maxConnectionsPerAddress: limit(
        'max-connections-per-address',
        '12000',
        'how many of them may be from one address, loopback excepted; an IPv6 network of 64 bits is one',
      ),
      allowedOrigins: {
        flag: 'allowed-origins',
        variable: 'HVQL_ALLOWED_ORIGINS',
        placeholder: '<origins>',
        parse: parseOrigins,
        default: null,
        description:
          "origins of pages that may ask and read answers, beside the service's own, with commas between them",
      },
      guestSocket: {
        flag: 'guest-socket',
        variable: 'HVQL_GUEST_SOCKET',
        placeholder: '<partition id>=<path> or <folder>',
        parse: parseGuestSocket,
        default: null,
        isRepeatable: true,
        description:
          'UNIX socket whose clients are that partition, without a token; of a folder, one for each <partition id>.sock ' +
          'in it. May be given several times (the variable: with commas between them)',
      },
      guestSocketMode: {
        flag: 'guest-socket-mode',
        variable: 'HVQL_GUEST_SOCKET_MODE',
        placeholder: '<octal>',
        parse: parseMode,
        default: '0600',
        description: 'mode of these sockets: who may write to one may connect',
      },
      guestPort: {
        flag: 'guest-port',
        variable: 'HVQL_GUEST_PORT',
        placeholder: '<port>',
        parse: parseGuestPort,
        default: '4000',
        description:
          'port of the virtual socket that guests connect to; in a folder the socket is <partition id>.sock_<port>',
      },
      operations: {
        flag: 'operations',
        variable: 'HVQL_OPERATIONS',
        placeholder: '<folder or manifest>',
        parse: parseText,
        default: null,
        description:
          'folder of .graphql files, or manifest as GraphQL Code Generator, Relay or Apollo write it: only these ' +
          'documents are answered, asked for by id or by their text',
      },
      audit: {
        flag: 'audit',
        variable: 'HVQL_AUDIT',
        placeholder: '<file or ->',
        parse: parseText,
        default: null,
        description:
          'file for a JSON line for each denied read, each stream that is opened or closed, and what is refused; - is ' +
          'standard output',
      },
      auditSize: {
        flag: 'audit-size',
        variable: 'HVQL_AUDIT_SIZE',
        placeholder: '<size or off>',
        parse: parseAuditSize,
        default: '100MB',
        description:
          'size at which the audit file is renamed to <file>.1, and that one to <file>.2; nine are kept',
      },
      logLevel: {
        flag: 'log-level',
        variable: 'HVQL_LOG_LEVEL',
        placeholder: '<level>',
        parse: parseLogLevel,
        default: 'info',
        description: 'trace, debug (one line a request), info, warn, error, fatal or silent',
      },
    },
  },
  top: {
    summary: 'Shows the graph live in a terminal, of a service or of a source that it opens itself.',
    positional: null,
    settings: {
      url: {
        flag: 'url',
        variable: null,
        placeholder: '<address>',
        parse: parseServiceUrl,
        default: null,
        description:
          'address of a service or a gateway, such as http://127.0.0.1:4000; without, --source is opened in this process',
      },
      tokenFile: {
        ...file,
        flag: 'token-file',
        variable: 'HVQL_TOKEN_FILE',
        description: 'file with the token for --url; read again when it changes',
      },
      tlsCa: {
        ...file,
        flag: 'tls-ca',
        variable: null,
        description: "PEM file of the issuers of the service's certificate; without: those that Node trusts",
      },
      tlsCert: {
        ...file,
        flag: 'tls-cert',
        variable: null,
        description: 'PEM file of the client certificate to show; needs --tls-key',
      },
      tlsKey: { ...file, flag: 'tls-key', variable: null, description: 'PEM file of its private key' },
      source,
      names,
      hostName: {
        ...hostName,
        variable: null,
        description: 'host of a gateway to show; without --url, the name of this host',
      },
      view: {
        flag: 'view',
        variable: null,
        placeholder: '<view>',
        parse: parseTopView,
        default: null,
        description:
          'what to show first: partitions, virtual-processors, logical-processors, intercepts (of one partition), hosts (of a gateway)',
      },
      partition: {
        flag: 'partition',
        variable: null,
        placeholder: '<id>',
        parse: parsePartition,
        default: null,
        description: 'the partition whose virtual processors or intercepts to show',
      },
      columns: {
        flag: 'columns',
        variable: null,
        placeholder: '<names>',
        parse: parseColumnNames,
        default: null,
        description:
          'counters to show, with commas between them, as schema/counters.md names them: hypercalls is the rate, hypercalls.deltas the increase, hypercalls.counters the total',
      },
      sort: {
        flag: 'sort',
        variable: null,
        placeholder: '<column>',
        parse: parseText,
        default: null,
        description: 'column to sort by, the greatest first; <column>:asc is the smallest first',
      },
      filter: {
        flag: 'filter',
        variable: null,
        placeholder: '<text>',
        parse: parseFilter,
        default: null,
        description: 'part of a name that rows need, or =<ids> with commas between them',
      },
      every: { ...duration, flag: 'every', default: '1s', description: 'time from one update to the next' },
      for: {
        ...duration,
        parse: parseTimeout,
        flag: 'for',
        default: null,
        description: 'how long to go on; without, until it is quit',
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
        description: 'print one JSON document; with --for, one a line at each update',
      },
    },
  },
  record: {
    summary: 'Records what a source says as a capture, frame by frame.',
    positional: null,
    settings: {
      source,
      names,
      hostName: {
        ...hostName,
        description:
          'name of the host, to be kept in the capture; without: the name in a capture that is recorded again',
      },
      every: { ...duration, flag: 'every', default: '1s', description: 'time from one frame to the next' },
      for: {
        ...duration,
        flag: 'for',
        default: null,
        description: 'how long to record; without, until it is interrupted',
      },
      out: {
        flag: 'out',
        variable: null,
        placeholder: '<folder or .tar>',
        parse: parseText,
        default: null,
        isRequired: true,
        description: 'where the capture goes',
      },
    },
  },
  simulate: {
    summary: 'Keeps a page folder alive with what a simulated hypervisor does.',
    positional: null,
    settings: {
      source: {
        ...source,
        // The variable is for the service, which may read what is simulated here.
        variable: null,
        parse: parseSimulator,
        description: 'the simulator, with its settings: simulator?seed=1&lps=16&partitions=8&vps=4',
      },
      every: {
        ...duration,
        flag: 'every',
        default: '100ms',
        description: 'time from one snapshot to the next',
      },
      for: {
        ...duration,
        flag: 'for',
        default: null,
        description: 'how long to go on; without, until it is interrupted',
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
    summary: "Prints an overlay page's statistics groups and counters.",
    positional: { placeholder: '<page>', description: 'file of 4096 bytes' },
    settings: {
      object: {
        flag: 'object',
        variable: null,
        placeholder: '<object>',
        parse: parseStatisticsObject,
        default: null,
        description: 'of what it is a page: hypervisor, logical-processor, partition or virtual-processor',
      },
      json: {
        flag: 'json',
        variable: null,
        placeholder: null,
        parse: parseSwitch,
        default: switchOff,
        description: 'print JSON in place of a table',
      },
    },
  },
  operations: {
    summary:
      'Prints the list of operations that serve would allow: the id of each document, for clients to send.',
    positional: {
      placeholder: '<folder or manifest>',
      description:
        'folder of .graphql files, or manifest of another tool, as serve takes it with --operations',
    },
    settings: {},
  },
  doctor: {
    summary: 'Says which statistics this machine has, what is missing to read them, and how to start.',
    positional: null,
    settings: {},
  },
  token: {
    summary: 'Prints a token that a service with the same secret takes.',
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
          'partition that the token is for; root is the one that is the root where the token is used',
      },
      hostNames: {
        flag: 'host-names',
        variable: null,
        placeholder: '<names or *>',
        parse: parseHostNames,
        default: null,
        description:
          'host names that the token is for, with commas between them, or * for all; without, it names none',
      },
      privileges: {
        flag: 'privileges',
        variable: null,
        placeholder: '<names>',
        parse: parsePrivileges,
        default: 'ACCESS_STATS,ACCESS_STATS_MSR',
        description: 'its privileges, with commas between them; "" for none',
      },
      expiresIn: {
        ...duration,
        flag: 'expires-in',
        default: '1h',
        description: 'how long the token is good',
      },
      issuer: { ...jwtIssuer, flag: 'issuer', description: 'the "iss" to put in' },
      audience: { ...jwtAudience, flag: 'audience', description: 'the "aud" to put in' },
    },
  },
} satisfies Record<string, CommandRow>;

const { settings: served } = hostCommands.serve;
const { serve, ...others } = hostCommands;

/** Every command and its settings. */
export const commands = {
  serve,
  gateway: {
    summary: 'Serves the graph of a fleet: many hosts, over NATS.',
    positional: null,
    settings: {
      ...nats,
      nats: {
        ...nats.nats,
        isRequired: true,
        description: 'address of NATS, such as nats://nats-1:4222, or several with commas between them',
      },
      hosts: {
        ...file,
        flag: 'hosts',
        variable: 'HVQL_HOSTS',
        description:
          'JSON file with the names of the hosts, {"hosts": ["web-17"]}, read again when it changes; without: all that are alive',
      },
      gatewayKey: {
        ...file,
        flag: 'gateway-key',
        variable: 'HVQL_GATEWAY_KEY',
        description:
          'private key (Ed25519 or P-256, PEM or JSON Web Key) that delegated tokens are signed with; needed where NATS is not on this machine',
      },
      hostDeadline: {
        ...duration,
        parse: parseTimeout,
        flag: 'host-deadline',
        variable: 'HVQL_HOST_DEADLINE',
        default: '2s',
        description:
          'how long to wait for a host; one that has missed it is not waited for until it answers again',
      },
      maxFleetBytes: {
        flag: 'max-fleet-bytes',
        variable: 'HVQL_MAX_FLEET_BYTES',
        placeholder: '<size>',
        parse: parseBytes,
        default: '16MB',
        description: 'bytes that the answers of all hosts to one operation may have together',
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
          'whether /metrics gives the health of the gateway to the root of all hosts, for Prometheus',
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
    summary: 'Runs a fleet to try on this machine: nats-server, simulated hosts and a gateway.',
    positional: null,
    settings: {
      hosts: {
        flag: 'hosts',
        variable: null,
        placeholder: '<number>',
        parse: parseHostCount,
        default: '20',
        description: 'simulated hosts, at most 1000',
      },
      nats: {
        ...nats.nats,
        variable: null,
        description: 'address of NATS that runs already; without, nats-server is started on a loopback port',
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

/** The name of a command, as it is typed. */
export type CommandName = keyof typeof commands;
/** The values of a command's settings. */
export type SettingsOf<Name extends CommandName> = ValuesOf<(typeof commands)[Name]['settings']>;

/** The commands' names, in the order of the table. */
export const commandNames = Object.keys(commands) as readonly CommandName[];
