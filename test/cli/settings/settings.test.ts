import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { helpText } from '../../../src/cli/settings/setting-help.ts';
import { commandNames } from '../../../src/cli/settings/setting-table.ts';
import { parseCommand } from '../../../src/cli/settings/settings.ts';
import { UsageError } from '../../../src/errors.ts';
import { parseSimulator } from '../../../src/source/sources.ts';

const secret = '0123456789abcdef0123456789abcdef';
const secretBytes = Buffer.from(secret);

/** All that is wrong with a command line. */
function problemsOf(argv: readonly string[], env: Record<string, string> = {}): readonly string[] {
  try {
    parseCommand(argv, env);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(UsageError);
    return (thrown as UsageError).problems;
  }
  return [];
}

describe('hvql serve', () => {
  const preset = {
    source: 'simulator',
    names: null,
    hostName: null,
    host: '127.0.0.1',
    port: 4000,
    workers: 1,
    identity: null,
    minInterval: 100,
    snapshotMaxAge: 10,
    hotPath: true,
    metrics: true,
    metricsListen: null,
    plugin: [],
    compiled: true,
    sourceTimeout: 5_000,
    history: 300_000,
    historyEvery: null,
    historyBytes: 268_435_456,
    graphiql: true,
    dashboard: true,
    introspection: 'on',
    maxTokens: 10_000,
    maxDepth: 16,
    maxAliases: 200,
    maxDirectives: 50,
    maxListItems: 5_000,
    maxValues: 250_000,
    maxPages: 10_000,
    maxTime: 15_000,
    maxStreams: 20_000,
    maxStreamsPerCaller: 10_000,
    maxStreamValues: 100_000,
    maxValuesPerSecond: 5_000_000,
    revoked: null,
    maxConnections: 20_000,
    maxConnectionsPerAddress: 12_000,
    tls: null,
    fleet: null,
    allowedHosts: null,
    allowedOrigins: null,
    trustedProxies: null,
    guestSocket: [],
    guestSocketMode: 0o600,
    guestPort: 4_000,
    operations: null,
    audit: null,
    auditSize: 104_857_600,
    logLevel: 'info',
  };

  it('needs no settings', () => {
    expect(parseCommand(['serve'], {})).toEqual({ name: 'serve', settings: preset });
  });

  it.each([
    ['0', 0],
    ['0ms', 0],
    ['1s', 1_000],
  ])('reuses a snapshot up to the given age: %s', (text, snapshotMaxAge) => {
    const settings = { ...preset, snapshotMaxAge };
    expect(parseCommand(['serve', '--snapshot-max-age', text], {})).toEqual({ name: 'serve', settings });
    expect(parseCommand(['serve'], { HVQL_SNAPSHOT_MAX_AGE: text })).toEqual({ name: 'serve', settings });
  });

  it('accepts each setting as a flag, with or without an equals sign', () => {
    const argv = [
      'serve',
      '--source=capture:a.tar?loop=true',
      '--host',
      '::1',
      '--port=0',
      '--min-interval',
      '1.5s',
    ];
    argv.push('--log-level=silent', '--source-timeout', '1m', '--jwks-url', 'https://id.example/jwks.json');
    argv.push('--jwt-issuer=https://id.example', '--jwt-audience', 'hvql');
    argv.push(
      '--graphiql=off',
      '--dashboard=off',
      '--introspection',
      'root',
      '--max-tokens=1',
      '--max-depth=2',
      '--max-aliases=3',
    );
    argv.push('--max-directives=4', '--max-list-items=5', '--max-values=6', '--max-pages=7', '--max-time=8s');
    argv.push('--max-streams=5', '--max-streams-per-caller', '2', '--max-stream-values', '999999999');
    argv.push('--allowed-origins', 'https://a.example, http://localhost:8080', '--operations=allowed');
    argv.push('--allowed-hosts', 'hvql.example, [::1]', '--tls-cert=c', '--tls-key', 'k');
    argv.push('--tls-client-ca=ca', '--tls-client-map', 'm');
    argv.push('--guest-socket', '5=/run/a,b', '--guest-socket=9=c=d', '--guest-socket', '/run/guests');
    argv.push('--guest-socket-mode', '660', '--guest-port=1024');
    argv.push('--audit', '-', '--snapshot-max-age=250ms', '--workers=3', '--compiled', 'off');
    argv.push('--metrics=off', '--metrics-listen', '127.0.0.1:9464');
    argv.push('--hot-path=off', '--plugin', './a.mjs', '--plugin=b');
    argv.push(
      '--history=1h',
      '--history-every=5s',
      '--history-bytes=1GB',
      '--trusted-proxies=::1, 10.0.0.0/8',
    );
    argv.push('--host-name=web-17');
    argv.push('--audit-size=off');
    argv.push('--revoked', 'r', '--tls-crl=crl', '--require-expiry', 'on');
    argv.push('--nats', 'tls://nats-1:4222,tls://nats-2', '--gateway-keys=g.json', '--nats-creds=u.creds');
    argv.push('--nats-ca=a', '--nats-cert=b', '--nats-key=d');
    argv.push('--max-values-per-second=12', '--max-connections=14', '--max-connections-per-address=15');
    expect(parseCommand(argv, {})).toEqual({
      name: 'serve',
      settings: {
        source: 'capture:a.tar?loop=true',
        names: null,
        hostName: 'web-17',
        host: '::1',
        port: 0,
        workers: 3,
        identity: {
          method: { kind: 'jwks', url: new URL('https://id.example/jwks.json') },
          issuer: 'https://id.example',
          audience: 'hvql',
          requireExpiry: true,
        },
        revoked: 'r',
        minInterval: 1_500,
        snapshotMaxAge: 250,
        hotPath: false,
        metrics: false,
        metricsListen: { host: '127.0.0.1', port: 9_464 },
        plugin: ['./a.mjs', 'b'],
        compiled: false,
        sourceTimeout: 60_000,
        history: 3_600_000,
        historyEvery: 5_000,
        historyBytes: 1_073_741_824,
        graphiql: false,
        dashboard: false,
        introspection: 'root',
        maxTokens: 1,
        maxDepth: 2,
        maxAliases: 3,
        maxDirectives: 4,
        maxListItems: 5,
        maxValues: 6,
        maxPages: 7,
        maxTime: 8_000,
        maxStreams: 5,
        maxStreamsPerCaller: 2,
        maxStreamValues: 999_999_999,
        maxValuesPerSecond: 12,
        maxConnections: 14,
        maxConnectionsPerAddress: 15,
        tls: { cert: 'c', key: 'k', clientCa: 'ca', clientMap: 'm', crl: 'crl' },
        fleet: {
          nats: { url: 'tls://nats-1:4222,tls://nats-2', creds: 'u.creds', ca: 'a', cert: 'b', key: 'd' },
          gatewayKeys: 'g.json',
          hostName: 'web-17',
        },
        allowedHosts: ['hvql.example', '[::1]'],
        allowedOrigins: ['https://a.example', 'http://localhost:8080'],
        trustedProxies: ['::1', '10.0.0.0/8'],
        guestSocket: [
          { partitionId: 5n, path: '/run/a,b' },
          { partitionId: 9n, path: 'c=d' },
          { folder: '/run/guests' },
        ],
        guestSocketMode: 0o660,
        guestPort: 1_024,
        operations: 'allowed',
        audit: '-',
        auditSize: null,
        logLevel: 'silent',
      },
    });
  });

  it('resolves "auto" to the number of workers that can run in parallel, up to a maximum', () => {
    const command = parseCommand(['serve', '--workers', 'auto'], {});
    expect(command).toMatchObject({ settings: { workers: Math.min(availableParallelism(), 64) } });
  });

  it('accepts each setting as an environment variable, and flags override these', () => {
    const env = {
      PATH: '/bin',
      HVQL_SOURCE: 'pages:/a',
      HVQL_HOST: '0.0.0.0',
      HVQL_PORT: 'not looked at',
      HVQL_JWT_SECRET: secret,
      HVQL_JWT_ISSUER: 'me',
      HVQL_JWT_AUDIENCE: '',
      HVQL_MIN_INTERVAL: '2s',
      HVQL_METRICS: 'off',
      HVQL_METRICS_LISTEN: '127.0.0.1:9464',
      HVQL_LOG_LEVEL: 'debug',
      HVQL_SOURCE_TIMEOUT: '1s',
      HVQL_GRAPHIQL: 'off',
      HVQL_DASHBOARD: 'off',
      HVQL_INTROSPECTION: 'off',
      HVQL_MAX_TOKENS: '11',
      HVQL_MAX_DEPTH: '12',
      HVQL_MAX_ALIASES: '13',
      HVQL_MAX_DIRECTIVES: '14',
      HVQL_MAX_LIST_ITEMS: '15',
      HVQL_MAX_VALUES: '16',
      HVQL_MAX_PAGES: '17',
      HVQL_MAX_TIME: '1m',
      HVQL_MAX_STREAMS: '7',
      HVQL_MAX_STREAMS_PER_CALLER: '3',
      HVQL_MAX_STREAM_VALUES: '1',
      HVQL_ALLOWED_ORIGINS: 'https://a.example:8443',
      HVQL_GUEST_SOCKET: '5=/run/a, ./x=y/guests',
      HVQL_GUEST_SOCKET_MODE: '0666',
      HVQL_GUEST_PORT: '4294967294',
      HVQL_OPERATIONS: '/etc/hvql/operations',
      HVQL_ALLOWED_HOSTS: 'a.example',
      HVQL_TLS_CERT: 'c',
      HVQL_TLS_KEY: 'k',
      HVQL_TLS_CLIENT_CA: 'ca',
      HVQL_TLS_CLIENT_MAP: '',
      HVQL_AUDIT: '/var/log/hvql-audit',
      HVQL_AUDIT_SIZE: '2MB',
      HVQL_SNAPSHOT_MAX_AGE: '0',
      HVQL_COMPILED: 'off',
      HVQL_HOT_PATH: 'off',
      HVQL_PLUGIN: './a.mjs, b',
      HVQL_HISTORY: '2m',
      HVQL_HISTORY_EVERY: '1m',
      HVQL_HISTORY_BYTES: '2MB',
      HVQL_TRUSTED_PROXIES: '127.0.0.1',
      HVQL_HOST_NAME: 'web-18',
      HVQL_MAX_VALUES_PER_SECOND: '13',
      HVQL_NATS: 'nats://127.0.0.1:4222',
      HVQL_MAX_CONNECTIONS: '16',
      HVQL_MAX_CONNECTIONS_PER_ADDRESS: '17',
      HVQL_WORKERS: '64',
      HVQL_REVOKED: '/etc/revoked',
      HVQL_TLS_CRL: 'l',
      HVQL_REQUIRE_EXPIRY: 'on',
    };
    expect(parseCommand(['serve', '--port', '5', '--source', 'pages:/b'], env)).toEqual({
      name: 'serve',
      settings: {
        source: 'pages:/b',
        names: null,
        hostName: 'web-18',
        host: '0.0.0.0',
        port: 5,
        workers: 64,
        identity: {
          method: { kind: 'secret', secret: secretBytes },
          issuer: 'me',
          audience: null,
          requireExpiry: true,
        },
        revoked: '/etc/revoked',
        minInterval: 2_000,
        snapshotMaxAge: 0,
        hotPath: false,
        metrics: false,
        metricsListen: { host: '127.0.0.1', port: 9_464 },
        plugin: ['./a.mjs', 'b'],
        compiled: false,
        history: 120_000,
        historyEvery: 60_000,
        historyBytes: 2_097_152,
        sourceTimeout: 1_000,
        graphiql: false,
        dashboard: false,
        introspection: 'off',
        maxTokens: 11,
        maxDepth: 12,
        maxAliases: 13,
        maxDirectives: 14,
        maxListItems: 15,
        maxValues: 16,
        maxPages: 17,
        maxTime: 60_000,
        maxStreams: 7,
        maxStreamsPerCaller: 3,
        maxStreamValues: 1,
        maxValuesPerSecond: 13,
        maxConnections: 16,
        maxConnectionsPerAddress: 17,
        tls: { cert: 'c', key: 'k', clientCa: 'ca', clientMap: null, crl: 'l' },
        fleet: {
          nats: { url: 'nats://127.0.0.1:4222', creds: null, ca: null, cert: null, key: null },
          gatewayKeys: null,
          hostName: 'web-18',
        },
        allowedHosts: ['a.example'],
        allowedOrigins: ['https://a.example:8443'],
        trustedProxies: ['127.0.0.1'],
        guestSocket: [{ partitionId: 5n, path: '/run/a' }, { folder: './x=y/guests' }],
        guestSocketMode: 0o666,
        guestPort: 4_294_967_294,
        operations: '/etc/hvql/operations',
        audit: '/var/log/hvql-audit',
        auditSize: 2_097_152,
        logLevel: 'debug',
      },
    });
  });

  it('uses the guest sockets of the flags, if any, instead of those of the environment', () => {
    const env = { HVQL_GUEST_SOCKET: '5=/run/a,0=wrong' };
    expect(parseCommand(['serve', '--guest-socket', '9=/run/b'], env)).toMatchObject({
      settings: { guestSocket: [{ partitionId: 9n, path: '/run/b' }] },
    });
  });

  it('reports what is wrong with each guest socket', () => {
    const argv = ['serve', '--guest-socket', '0=/a', '--guest-socket', 'five=/a', '--guest-socket=7='];
    argv.push('--guest-socket=', '--guest-socket', '--guest-socket-mode', '0800', '--guest-port', '0');
    expect(problemsOf(argv)).toEqual([
      '--guest-socket needs a value: --guest-socket <partition id>=<path> or <folder>.',
      '--guest-socket: needs a partition id, a whole number from 1 to 2^64-1, but is "0".',
      '--guest-socket: needs a partition id, a whole number from 1 to 2^64-1, but is "five".',
      '--guest-socket: needs a path behind the equals sign, but is "7=".',
      '--guest-socket: needs a value, but is empty.',
      '--guest-socket-mode: needs a mode in octal digits, such as 0600 or 0660, but is "0800".',
      '--guest-port: needs a port from 1 to 4294967294, but is "0".',
    ]);
    expect(problemsOf(['serve'], { HVQL_GUEST_SOCKET: '5=/a,,6=/b' })).toEqual([
      'HVQL_GUEST_SOCKET: needs a value, but is empty.',
    ]);
  });

  it('reports settings that have no effect without a guest socket', () => {
    expect(problemsOf(['serve', '--guest-socket-mode=0660'], { HVQL_GUEST_PORT: '5' })).toEqual([
      '--guest-socket-mode has no effect without --guest-socket.',
      'HVQL_GUEST_PORT has no effect without --guest-socket.',
    ]);
  });

  it.each([
    [['--jwt-secret-file', 'a'], {}, { kind: 'secret-file', path: 'a' }],
    [[], { HVQL_JWT_SECRET_FILE: 'a' }, { kind: 'secret-file', path: 'a' }],
    [['--jwt-key-file', 'a'], {}, { kind: 'key-file', path: 'a' }],
    [[], { HVQL_JWT_KEY_FILE: 'a' }, { kind: 'key-file', path: 'a' }],
    [[], { HVQL_JWKS_URL: 'http://id/x' }, { kind: 'jwks', url: new URL('http://id/x') }],
  ])('recognises the identity method of %j and %j', (flags, env, method) => {
    expect(parseCommand(['serve', ...flags], env)).toMatchObject({ settings: { identity: { method } } });
  });

  it('accepts a public address if callers have client certificates, also together with a method to verify tokens', () => {
    const argv = ['serve', '--host=0.0.0.0', '--tls-cert=c', '--tls-key=k', '--tls-client-ca=ca'];
    expect(parseCommand(argv, {})).toMatchObject({ settings: { identity: null, tls: { clientCa: 'ca' } } });
    expect(parseCommand([...argv, '--jwt-key-file', 'f'], {})).toMatchObject({
      settings: { identity: { method: { kind: 'key-file', path: 'f' } }, tls: { clientCa: 'ca' } },
    });
  });

  it.each([
    [
      ['--nats', 'nats://localhost'],
      ['--nats needs --host-name, the name by which gateways know this host.'],
    ],
    [
      ['--nats', 'nats://nats-1:4222', '--host-name', 'a'],
      [
        '--nats nats://nats-1:4222 is not on this machine, so --gateway-keys is needed: without it, a host answers all clients of NATS.',
      ],
    ],
    [
      ['--nats', 'nats://[::1], nats://nats-1', '--host-name', 'a', '--nats-cert', 'c'],
      [
        expect.stringContaining('is not on this machine'),
        '--nats-cert and --nats-key must be given together.',
      ],
    ],
    [
      ['--nats-creds', 'c', '--gateway-keys=k'],
      ['--nats-creds', '--gateway-keys'].map((flag) => `${flag} has no effect without --nats.`),
    ],
    ...['nats-1:4222', 'http://nats-1', 'nats://', ''].map((text): [string[], unknown[]] => [
      ['--nats', text, '--host-name', 'a'],
      [expect.stringMatching(/^--nats: needs an address such as "nats:\/\/nats-1:4222"/)],
    ]),
    [
      ['--nats', 'nats://me:swordfish@nats-1', '--host-name', 'a'],
      [expect.not.stringContaining('swordfish')],
    ],
    [['--host-name', 'Web'], [expect.stringMatching(/^--host-name: needs a host name of 1 to 63/)]],
  ])('refuses incomplete or invalid settings of a fleet: %j', (argv, problems) => {
    expect(problemsOf(['serve', ...argv])).toEqual(problems);
  });

  it('reports all problems together', () => {
    const argv = ['serve', '--prot', '70000', '--port=70000', '--port', '5', '--host', '0.0.0.0', 'extra'];
    argv.push('--min-interval', '5', '--log-level', 'inof', '--json', '--jwt-issuer');
    const env = { HVQL_JWT_SECRE: 'x', HVQL_SOURCE_TIMEOUT: '0s', HVQL_WHATEVER: '1' };
    expect(problemsOf(argv, env)).toEqual([
      '--prot is not a flag of this command. Did you mean --port?',
      '--port is given twice.',
      '--json is not a flag of this command.',
      '--jwt-issuer needs a value: --jwt-issuer <issuer>.',
      '--port: needs a port from 0 to 65535, but is "70000".',
      '--min-interval: "5" is not a length of time: expected a number and one of the units ms, s, m, h, such as "250ms", "1s" or "5m", or a duration of ISO 8601 without years and months, such as "PT1S".',
      'HVQL_SOURCE_TIMEOUT: needs a length of time above zero, but is "0s".',
      '--log-level: needs one of trace, debug, info, warn, error, fatal, silent, but is "inof". Did you mean info?',
      '"extra" is an unexpected argument.',
      'HVQL_JWT_SECRE is no variable of hvql. Did you mean HVQL_JWT_SECRET?',
      'HVQL_WHATEVER is no variable of hvql.',
      '--host 0.0.0.0 can be reached from elsewhere, so callers need an identity: give one of --jwt-secret-file, ' +
        '--jwt-key-file and --jwks-url (or HVQL_JWT_SECRET), or --tls-client-ca, or a loopback host such as 127.0.0.1.',
    ]);
  });

  it.each([
    [
      ['--port', '-1'],
      ['--port needs a value: --port <port>.', '-1 is not a flag of this command.'],
    ],
    [
      ['--metrics-listen', '0.0.0.0:9464'],
      [
        '--metrics-listen: needs a loopback address and a port, such as 127.0.0.1:9464, but is "0.0.0.0:9464".',
      ],
    ],
    [['--port=-1'], ['--port: needs a port from 0 to 65535, but is "-1".']],
    [['--port='], ['--port: needs a port from 0 to 65535, but is "".']],
    [['--port', '4000x'], ['--port: needs a port from 0 to 65535, but is "4000x".']],
    [['--port', '0x10'], ['--port: needs a port from 0 to 65535, but is "0x10".']],
    [['--port', '--host', 'localhost'], ['--port needs a value: --port <port>.']],
    [['--source='], ['--source: needs a value, but is empty.']],
    [
      ['--jwks-url', 'id.example'],
      ['--jwks-url: needs an address such as "https://id.example.com/jwks.json", but is "id.example".'],
    ],
    [
      ['--jwks-url', 'file:///etc/passwd'],
      [
        '--jwks-url: needs an address such as "https://id.example.com/jwks.json", but is "file:///etc/passwd".',
      ],
    ],
    [
      ['--jwks-url', 'bad', '--host', '0.0.0.0'],
      ['--jwks-url: needs an address such as "https://id.example.com/jwks.json", but is "bad".'],
    ],
    [
      ['--jwt-audience', 'x'],
      ['--jwt-audience has no effect without an identity method, such as --jwks-url.'],
    ],
    [
      ['--jwt-secret', secret],
      ['--jwt-secret is not a flag of this command. Did you mean --jwt-secret-file?'],
    ],
    [['-p', '1'], ['-p is not a flag of this command.']],
    [['-p=1'], ['-p is not a flag of this command.']],
    [
      ['-a-b', '--port', 'x'],
      ['-a-b is not a flag of this command.', '--port: needs a port from 0 to 65535, but is "x".'],
    ],
    [
      ['--port', '--', '5'],
      ['--port needs a value: --port <port>.', '"5" is an unexpected argument.'],
    ],
    [['---port', '5'], ['---port is not a flag of this command. Did you mean --port?']],
    [['--', '--port'], ['"--port" is an unexpected argument.']],
    [['--source-timeout', '600h'], ['--source-timeout: needs at most 24h, but is "600h".']],
    ...['64', '1023KB', '64 mb', '0.5GB', '99999999999MB'].map((text): [string[], string[]] => [
      ['--history-bytes', text],
      [`--history-bytes: needs at least 1MB, such as "64MB" or "1GB", but is ${JSON.stringify(text)}.`],
    ]),
    [
      ['--history-every', '500ms'],
      ['--history-every: needs "off" or a length of time from 1s to 1h, but is "500ms".'],
    ],
    [['--snapshot-max-age', '1001ms'], ['--snapshot-max-age: needs at most 1s, but is "1001ms".']],
    [
      ['--snapshot-max-age', '10'],
      [
        '--snapshot-max-age: "10" is not a length of time: expected a number and one of the units ms, s, m, h, such as "250ms", "1s" or "5m", or a duration of ISO 8601 without years and months, such as "PT1S".',
      ],
    ],
    [['--workers', '0'], ['--workers: needs a whole number from 1 to 64, or auto, but is "0".']],
    [['--workers=65'], ['--workers: needs a whole number from 1 to 64, or auto, but is "65".']],
    [['--min-interval', '61s'], ['--min-interval: needs at most 1m, but is "61s".']],
    [['--min-interval', '0ms'], ['--min-interval: needs a length of time above zero, but is "0ms".']],
    [
      ['--max-streams', '0', '--max-streams-per-caller=1e3', '--max-stream-values', '1000000000'],
      [
        '--max-streams: needs a whole number from 1 to 999999999, but is "0".',
        '--max-streams-per-caller: needs a whole number from 1 to 999999999, but is "1e3".',
        '--max-stream-values: needs a whole number from 1 to 999999999, but is "1000000000".',
      ],
    ],
    [
      ['--max-streams=', '--max-streams-per-caller=-1', '--max-stream-values', '1.5'],
      [
        '--max-streams: needs a whole number from 1 to 999999999, but is "".',
        '--max-streams-per-caller: needs a whole number from 1 to 999999999, but is "-1".',
        '--max-stream-values: needs a whole number from 1 to 999999999, but is "1.5".',
      ],
    ],
    [
      ['--allowed-origins', 'https://a.example/,b.example,https://c.example,*'],
      [
        '--allowed-origins: needs origins as browsers send them, such as "https://dashboard.example", but has ' +
          '"https://a.example/", whose origin is "https://a.example", "b.example", "*".',
      ],
    ],
    [
      [
        '--allowed-origins',
        'https://A.example:443,https://a.example/app?b#c,null,file:///a,app://a,https://bücher.example',
      ],
      [
        '--allowed-origins: needs origins as browsers send them, such as "https://dashboard.example", but has ' +
          '"https://A.example:443", whose origin is "https://a.example", ' +
          '"https://a.example/app?b#c", whose origin is "https://a.example", "null", "file:///a", "app://a", ' +
          '"https://bücher.example", whose origin is "https://xn--bcher-kva.example".',
      ],
    ],
    [
      ['--trusted-proxies', '10.0.0.1, proxy.example,10.0.0.0/33,,[::1]'],
      [
        '--trusted-proxies: needs addresses or networks such as "127.0.0.1" or "10.0.0.0/8", but has "proxy.example", ' +
          '"10.0.0.0/33", "", "[::1]".',
      ],
    ],
    [
      ['--allowed-origins='],
      [
        '--allowed-origins: needs origins as browsers send them, such as "https://dashboard.example", but has "".',
      ],
    ],
    [
      ['--allowed-hosts', 'hvql.example:4000, a.example,,::1'],
      [
        '--allowed-hosts: needs host names such as "hvql.example", without a port, but has "hvql.example:4000", "", "::1".',
      ],
    ],
    [['--tls-cert', 'c'], ['--tls-cert has no effect without --tls-key.']],
    [['--tls-key', 'k'], ['--tls-key has no effect without --tls-cert.']],
    [
      ['--tls-client-ca', 'ca', '--host', '0.0.0.0'],
      [
        '--tls-client-ca has no effect without --tls-cert.',
        '--tls-client-ca has no effect without --tls-key.',
      ],
    ],
    [
      ['--tls-client-map', 'm', '--tls-key', 'k', '--tls-cert='],
      ['--tls-cert: needs a value, but is empty.', '--tls-client-map has no effect without --tls-client-ca.'],
    ],
    [
      ['--port', 'bad', '--source', 'simulator:x?lps=0&vps=-1'],
      [
        '--source: simulator: only options may follow, but ":x" does.',
        expect.stringMatching(/^--source: simulator: lps .*"0"/),
        expect.stringMatching(/^--source: simulator: vps .*"-1"/),
        '--port: needs a port from 0 to 65535, but is "bad".',
      ],
    ],
    [
      ['--source', 'pages:?loop=true', '--log-level', 'x'],
      [
        '--source: pages:<folder> needs a path after the colon, but it is empty.',
        '--source: pages: there is no option "loop"; there is release.',
        '--log-level: needs one of trace, debug, info, warn, error, fatal, silent, but is "x".',
      ],
    ],
    [
      ['--source', 'page:/a', '--min-interval', '5'],
      [
        '--source: There is no source "page:/a"; there are simulator, pages:<folder>, capture:<folder or .tar>, mshv[:<folder>], windows. Did you mean pages?',
        expect.stringMatching(/^--min-interval: "5" is not a length of time/),
      ],
    ],
    [
      ['--source', 'capture:a?frame=x'],
      [expect.stringMatching(/^--source: capture: frame must be .*"x"\.$/)],
    ],
    [
      ['--host', '', '--port', 'x', '--max-streams', '0', '--jwt-issuer', 'i'],
      [
        '--host: needs a value, but is empty.',
        '--port: needs a port from 0 to 65535, but is "x".',
        '--max-streams: needs a whole number from 1 to 999999999, but is "0".',
        '--jwt-issuer has no effect without an identity method, such as --jwks-url.',
      ],
    ],
    [
      ['--jwt-key-file', 'a', '--jwt-secret-file', 'b'],
      ['Only one identity method can be used, but there are --jwt-secret-file and --jwt-key-file.'],
    ],
  ])('refuses %j with a clear message', (flags, problems) => {
    expect(problemsOf(['serve', ...flags])).toEqual(problems);
  });

  it('ignores environment variables that Kubernetes sets for services whose names begin with hvql', () => {
    const links = Object.fromEntries(
      ['HVQL', 'HVQL_METRICS', 'HVQL_GUEST'].flatMap((service, n) => [
        [`${service}_SERVICE_HOST`, '10.96.0.10'],
        [`${service}_SERVICE_PORT`, '4000'],
        [`${service}_SERVICE_PORT_HTTP_ALT`, '4000'],
        [`${service}_PORT`, `${['tcp', 'udp', 'sctp'][n]}://10.96.0.10:4005`],
        ...['TCP', 'UDP', 'SCTP'].flatMap((protocol) => [
          [`${service}_PORT_4000_${protocol}`, `${protocol.toLowerCase()}://10.96.0.10:4000`],
          [`${service}_PORT_4000_${protocol}_PROTO`, protocol.toLowerCase()],
          [`${service}_PORT_4000_${protocol}_PORT`, '4000'],
          [`${service}_PORT_4000_${protocol}_ADDR`, '10.96.0.10'],
        ]),
      ]),
    );
    for (const command of ['serve', 'doctor']) expect(problemsOf([command], links)).toEqual([]);
    expect(parseCommand(['serve'], links)).toMatchObject({ settings: { port: 4000, guestPort: 4000 } });
    expect(parseCommand(['serve'], { ...links, HVQL_PORT: '4001' })).toMatchObject({
      settings: { port: 4001 },
    });
    expect(parseCommand(['serve', '--port', '4002'], links)).toMatchObject({ settings: { port: 4002 } });
  });

  it.each([
    [{ HVQL_SERVICE_HOTS: 'x' }, /^HVQL_SERVICE_HOTS is no variable/],
    [{ HVQL_PORT_HTTP_TCP: 'x' }, /^HVQL_PORT_HTTP_TCP is no variable/],
    [{ HVQL_PORT: 'http://10.96.0.10:4000' }, /^HVQL_PORT: /],
    [{ HVQL_HOST: 'tcp://10.96.0.10:4000' }, /HVQL_HOST|--host/],
  ])('does not mistake %j for one of those', (env, problem) => {
    expect(problemsOf(['serve'], env)).toEqual([expect.stringMatching(problem)]);
  });

  it('refuses several identity methods, whether they are flags or variables', () => {
    expect(problemsOf(['serve', '--jwks-url', 'https://x'], { HVQL_JWT_SECRET: secret })).toEqual([
      'Only one identity method can be used, but there are HVQL_JWT_SECRET and --jwks-url.',
    ]);
  });

  it.each([
    ['https://admin:hunter2@id.example/jwks.json', 'without a user and a password'],
    ['https://hunter2@id.example/jwks.json', 'without a user and a password'],
    ['ftp://admin:hunter2@id.example/jwks.json', 'but is "…@id.example/jwks.json"'],
    ['admin:hunter2@id.example', 'but is "…@id.example"'],
    ['https://admin:hunter2@id.example:99999/', 'but is "…@id.example:99999/"'],
  ])('refuses a password in the address of a key set without showing it: %s', (text, words) => {
    const [problem = '', ...others] = problemsOf(['serve', '--jwks-url', text]);
    expect(others).toEqual([]);
    expect(problem).toMatch(/^--jwks-url: needs an address /);
    expect(problem).toContain(words);
    expect(problem).not.toContain('hunter2');
    expect(problemsOf(['serve'], { HVQL_JWKS_URL: text }).join('')).not.toContain('hunter2');
  });

  it('accepts an @ in the path of the address of a key set', () => {
    const url = new URL('https://id.example/@tenant/jwks.json');
    expect(parseCommand(['serve', '--jwks-url', url.href], {})).toMatchObject({
      settings: { identity: { method: { url } } },
    });
  });

  it('does not show a secret that is too short', () => {
    expect(problemsOf(['serve', '--host', '0.0.0.0'], { HVQL_JWT_SECRET: 'hunter2' })).toEqual([
      'HVQL_JWT_SECRET: The secret needs 32 bytes or more (RFC 7518, 3.2), but it has 7. "openssl rand -base64 48" generates one.',
    ]);
  });
});

describe('--names', () => {
  it('is only for sources that have no names of partitions', () => {
    for (const source of ['mshv', 'mshv:/tree', 'mshv?self=5']) {
      for (const command of ['serve', 'record']) {
        const argv = [
          command,
          '--source',
          source,
          '--names',
          'n.json',
          ...(command === 'record' ? ['--out=x'] : []),
        ];
        expect(parseCommand(argv, {})).toMatchObject({ settings: { source, names: 'n.json' } });
      }
    }
    expect(problemsOf(['serve', '--audit-size=1MB'])).toEqual([
      '--audit-size has no effect without --audit.',
    ]);
    expect(problemsOf(['serve', '--names=n.json'])).toEqual(['--names has no effect without --source mshv.']);
    expect(problemsOf(['record', '--out=x'], { HVQL_NAMES: 'n.json', HVQL_SOURCE: 'pages:/a' })).toEqual([
      'HVQL_NAMES has no effect without --source mshv.',
    ]);
  });
});

describe('hvql gateway', () => {
  it('needs --nats, and a key if that is on another machine', () => {
    const argv = [
      'gateway',
      '--nats',
      'tls://nats-1',
      '--gateway-key',
      'k',
      '--hosts=h.json',
      '--host-deadline',
      '1s',
    ];
    expect(parseCommand(argv, {})).toMatchObject({
      name: 'gateway',
      settings: {
        nats: { url: 'tls://nats-1', creds: null },
        gatewayKey: 'k',
        hosts: 'h.json',
        hostDeadline: 1_000,
        maxFleetBytes: 16_777_216,
        port: 4000,
        identity: null,
        tls: null,
      },
    });
    expect(problemsOf(['gateway'])).toEqual([
      expect.stringMatching(/^--nats is needed: address of the NATS server/),
    ]);
    expect(problemsOf(['gateway', '--nats=nats://nats-1', '--nats-key', 'k'])).toEqual([
      '--nats nats://nats-1 is not on this machine, so --gateway-key is needed: hosts on other machines do not accept unsigned tokens.',
      '--nats-cert and --nats-key must be given together.',
    ]);
  });
});

describe('hvql fleet', () => {
  it('needs no settings, except a secret if other machines can reach it', () => {
    expect(parseCommand(['fleet'], { HVQL_NATS: 'nats://nats-1' })).toEqual({
      name: 'fleet',
      settings: { hosts: 20, nats: null, host: '127.0.0.1', port: 4000, identity: null, logLevel: 'warn' },
    });
    const secret = 'x'.repeat(32);
    expect(
      parseCommand(['fleet', '--host=0.0.0.0', '--hosts', '1000'], { HVQL_JWT_SECRET: secret }),
    ).toMatchObject({
      settings: { hosts: 1_000, identity: { method: { kind: 'secret' } } },
    });
    expect(problemsOf(['fleet', '--hosts', '1001', '--host=0.0.0.0'])).toEqual([
      '--hosts: needs a whole number from 1 to 1000, but is "1001".',
      expect.stringContaining('0.0.0.0'),
    ]);
  });
});

describe('hvql record', () => {
  it('needs a path for its output', () => {
    expect(
      parseCommand(['record', '--out', 'x.tar', '--for', '30s'], { HVQL_SOURCE: 'pages:/a', HVQL_PORT: 'x' }),
    ).toEqual({
      name: 'record',
      settings: { source: 'pages:/a', names: null, hostName: null, every: 1_000, for: 30_000, out: 'x.tar' },
    });
    expect(problemsOf(['record'])).toEqual(['--out is needed: folder or .tar file to write the capture to.']);
  });

  it('refuses inconsistent times', () => {
    expect(problemsOf(['record', '--out', 'x', '--every', '0s', '--for=-1s'])).toEqual([
      '--every: needs a length of time above zero, but is "0s".',
      '--for: "-1s" is not a length of time: expected a number and one of the units ms, s, m, h, such as "250ms", "1s" or "5m", or a duration of ISO 8601 without years and months, such as "PT1S".',
    ]);
  });

  it('reports problems of the source together with all others', () => {
    expect(problemsOf(['record', '--every', '0s'], { HVQL_SOURCE: 'capture:x?speed=2' })).toEqual([
      'HVQL_SOURCE: capture: there is no option "speed"; there are loop, frame.',
      '--every: needs a length of time above zero, but is "0s".',
      '--out is needed: folder or .tar file to write the capture to.',
    ]);
  });
});

describe('hvql simulate', () => {
  it('writes frequently and without end by default', () => {
    expect(parseCommand(['simulate', '--out', '/run/pages'], { HVQL_SOURCE: 'pages:/run/pages' })).toEqual({
      name: 'simulate',
      settings: { source: parseSimulator('simulator'), every: 100, for: null, out: '/run/pages' },
    });
  });

  it('refuses other sources, and reports problems of the source together with all others', () => {
    expect(problemsOf(['simulate', '--source', 'simulator?lps=0&speed=9'])).toEqual([
      expect.stringMatching(/^--source: simulator: .*speed/),
      expect.stringMatching(/^--source: simulator: lps /),
      '--out is needed: the page folder.',
    ]);
    expect(problemsOf(['simulate', '--source', 'pages:/a', '--out', 'x', '--every', '0s'])).toEqual([
      '--source: The simulator is needed, as in simulator?seed=1, but the source is "pages:/a".',
      '--every: needs a length of time above zero, but is "0s".',
    ]);
  });
});

describe('hvql inspect', () => {
  it.each(['virtual-processor', 'VIRTUAL_PROCESSOR', 'Virtual_Processor'])(
    'accepts a page and %s',
    (object) => {
      expect(parseCommand(['inspect', '--json', 'a.page', '--object', object], {})).toEqual({
        name: 'inspect',
        settings: { page: 'a.page', object: 'VIRTUAL_PROCESSOR', json: true },
      });
    },
  );

  it('needs exactly one page, whose name may begin with dashes', () => {
    expect(parseCommand(['inspect', '--', '--help'], {})).toEqual({
      name: 'inspect',
      settings: { page: '--help', object: null, json: false },
    });
    expect(parseCommand(['inspect', '--', '-a-b'], {})).toMatchObject({ settings: { page: '-a-b' } });
    expect(problemsOf(['inspect', '--json=yes', '--object', 'partion'])).toEqual([
      '--json takes no value.',
      '--object: needs one of hypervisor, logical-processor, partition, virtual-processor, but is "partion". Did you mean partition?',
      '<page> is needed: file of 4096 bytes.',
    ]);
    expect(problemsOf(['inspect', 'a', 'b'])).toEqual(['"b" is an unexpected argument.']);
  });
});

describe('hvql operations', () => {
  it('accepts exactly one folder or manifest', () => {
    expect(parseCommand(['operations', 'allowed'], {})).toEqual({
      name: 'operations',
      settings: { folder: 'allowed' },
    });
    expect(problemsOf(['operations'])).toEqual([
      '<folder or manifest> is needed: folder of .graphql files or manifest, as for serve --operations.',
    ]);
    expect(problemsOf(['operations', 'a', 'b', '--json'])).toEqual([
      '--json is not a flag of this command.',
      '"b" is an unexpected argument.',
    ]);
    expect(helpText('operations')).toMatch(/^Usage: hvql operations <folder or manifest>\n/);
  });
});

describe('hvql token', () => {
  it('accepts a secret, a partition and further claims', () => {
    const argv = [
      'token',
      '--jwt-secret-file',
      's',
      '--partition',
      '5',
      '--privileges',
      'ACCESS_STATS, ACCESS_STATS_MSR',
    ];
    expect(
      parseCommand([...argv, '--expires-in', '5m', '--audience', 'a'], { HVQL_JWT_ISSUER: 'i' }),
    ).toEqual({
      name: 'token',
      settings: {
        secret: { kind: 'secret-file', path: 's' },
        partition: 5n,
        privileges: new Set(['ACCESS_STATS', 'ACCESS_STATS_MSR']),
        hostNames: null,
        expiresIn: 300_000,
        issuer: 'i',
        audience: 'a',
      },
    });
  });

  it.each([
    ['ACCESS_STATS', ['ACCESS_STATS']],
    ['', []],
  ])('accepts omitted privileges: %j', (text, privileges) => {
    const command = parseCommand(['token', '--partition', '1', `--privileges=${text}`], {
      HVQL_JWT_SECRET: secret,
    });
    expect(command).toMatchObject({ settings: { privileges: new Set(privileges) } });
  });

  it.each([
    ['*', '*'],
    ['web-17', ['web-17']],
    ['web-17, web-18', ['web-17', 'web-18']],
  ])('accepts hosts: %s', (text, hostNames) => {
    const argv = ['token', '--partition', 'root', '--host-names', text];
    expect(parseCommand(argv, { HVQL_JWT_SECRET: secret })).toMatchObject({
      settings: { partition: 'root', hostNames },
    });
    expect(problemsOf([...argv.slice(0, 4), 'web_17'], { HVQL_JWT_SECRET: secret })).toEqual([
      '--host-names: needs a host name of 1 to 63 of the characters a-z, 0-9 and -, such as "web-17", but is "web_17".',
    ]);
  });

  it('reports everything that is missing or invalid', () => {
    expect(problemsOf(['token', '--privileges', 'ACCESS_STAT'])).toEqual([
      '--partition is needed: partition that the token is for; root means the root partition of each host where the token is used.',
      '--privileges: needs one of ACCESS_STATS, ACCESS_STATS_MSR, but is "ACCESS_STAT". Did you mean ACCESS_STATS?',
      '--jwt-secret-file is needed, or the secret itself in HVQL_JWT_SECRET.',
    ]);
    expect(
      problemsOf([
        'token',
        '--partition',
        '1',
        '--jwt-secret-file',
        'a',
        '--privileges',
        'x,ACCESS_STATS,root,',
      ]),
    ).toEqual([
      '--privileges: needs one of ACCESS_STATS, ACCESS_STATS_MSR, but is "x".',
      '--privileges: needs one of ACCESS_STATS, ACCESS_STATS_MSR, but is "root".',
      '--privileges: needs one of ACCESS_STATS, ACCESS_STATS_MSR, but is "".',
    ]);
    expect(problemsOf(['token', '--partition', '0', '--jwt-secret-file', 'a'])).toEqual([
      '--partition: needs a partition id, a whole number from 1 to 2^64-1, but is "0".',
    ]);
  });
});

describe('hvql', () => {
  it.each([
    [[], { name: 'help', topic: null }],
    [['help'], { name: 'help', topic: null }],
    [['--help'], { name: 'help', topic: null }],
    [['help', 'record'], { name: 'help', topic: 'record' }],
    [['help', 'help'], { name: 'help', topic: null }],
    [['--help', '--port'], { name: 'help', topic: null }],
    [['serve', '--port', 'x', '-h'], { name: 'help', topic: 'serve' }],
    [['version'], { name: 'version' }],
    [['--version'], { name: 'version' }],
  ])('responds to %j even if other settings are invalid', (argv, command) => {
    expect(parseCommand(argv, { HVQL_UNKNOWN: '1' })).toEqual(command);
  });

  it('refuses unknown commands', () => {
    expect(problemsOf(['sevre'], { HVQL_PROT: '1' })).toEqual([
      '"sevre" is no command: the commands are serve, gateway, fleet, top, record, simulate, inspect, operations, doctor, token and help. Did you mean serve?',
      'HVQL_PROT is no variable of hvql. Did you mean HVQL_PORT?',
    ]);
    expect(problemsOf(['help', 'recrod'])).toEqual([
      '"recrod" is no command: the commands are serve, gateway, fleet, top, record, simulate, inspect, operations, doctor, token and help. Did you mean record?',
    ]);
    expect(problemsOf(['--port', '1'])).toEqual([
      'A command is needed before --port: the commands are serve, gateway, fleet, top, record, simulate, inspect, operations, doctor, token and help.',
    ]);
  });
});

describe('the help text', () => {
  it('lists every command', () => {
    for (const name of commandNames) expect(helpText(null)).toContain(`\n  hvql ${name}`);
  });

  it('of a command lists its settings, their environment variables and their defaults', () => {
    expect(helpText('inspect')).toBe(`Usage: hvql inspect <page> [settings]

Prints the statistics groups and counters of an overlay page.

  <page>
      file of 4096 bytes
  --object <object>
      kind of object that the page belongs to: hypervisor, logical-processor, partition or virtual-processor
  --json
      print JSON instead of a table
`);
    expect(helpText('serve')).toContain(
      '  --port <port>  or HVQL_PORT\n      port to listen on; 0 chooses a free port (default 4000)\n',
    );
    expect(helpText('serve')).toContain('  HVQL_JWT_SECRET=<secret>\n');
    expect(helpText('record')).toContain('folder or .tar file to write the capture to (required)');
  });
});
