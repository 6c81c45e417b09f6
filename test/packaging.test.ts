/** What hosts install: the unit of systemd, the image and the instructions for Windows name what exists. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../src/cli/settings/settings.ts';
import { findProgram } from './debian-program.ts';
import { scratchFolder } from './source/scratch.ts';

const unit = readFileSync('packaging/hvql.service', 'utf8');
const socketUnit = readFileSync('packaging/hvql.socket', 'utf8');
const containerfile = readFileSync('packaging/Containerfile', 'utf8');
const windowsService = readFileSync('packaging/windows-service.md', 'utf8');

/** The values of a directive of the unit. */
function directive(name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

/** The command behind the program, as this machine's hvql would take it. */
function parse(words: string) {
  return parseCommand(words.split(' '), {});
}

describe('the systemd unit', () => {
  const [, dropIn = ''] = /^```ini\n(.*?)^```$/ms.exec(readFileSync('docs/deployment.md', 'utf8')) ?? [];

  it('starts hvql with settings that exist', () => {
    const [start = ''] = directive('ExecStart');
    expect(start).toMatch(/^\/usr\/local\/bin\/hvql serve --source mshv /);
    const { name, settings } = parse(start.replace('/usr/local/bin/hvql ', '')) as {
      name: string;
      settings: Record<string, unknown>;
    };
    expect(name).toBe('serve');
    expect(settings).toMatchObject({
      source: 'mshv',
      host: '127.0.0.1',
      port: 4000,
      identity: expect.anything(),
    });
    expect(directive('LoadCredential')).toEqual(['jwt-secret:/etc/hvql/jwt-secret']);
    expect(start).toContain(' --audit %L/hvql/audit.log');
    expect(directive('LogsDirectory')).toEqual(['hvql']);
  });

  it('allows no network except the loopback socket that it receives', () => {
    expect(directive('Requires')).toEqual(['hvql.socket']);
    expect(directive('PrivateNetwork')).toEqual(['yes']);
    expect(directive('RestrictAddressFamilies')).toEqual(['AF_UNIX']);
    expect(directive('SocketBindDeny')).toEqual(['any']);
    expect(directive('IPAddressDeny')).toEqual(['any']);
    expect(socketUnit).toMatch(/^ListenStream=127\.0\.0\.1:4000$/m);
    expect(socketUnit).toMatch(/^IPAddressDeny=any\nIPAddressAllow=localhost$/m);
  });

  it('grants one capability of root, and write access to its log only', () => {
    expect(directive('CapabilityBoundingSet')).toEqual(['CAP_DAC_READ_SEARCH']);
    expect(directive('AmbientCapabilities')).toEqual(['CAP_DAC_READ_SEARCH']);
    expect(directive('DynamicUser')).toEqual(['yes']);
    expect(directive('ProtectSystem')).toEqual(['strict']);
    expect(directive('ReadOnlyPaths')).toEqual(['-/sys/kernel/debug']);
    expect(directive('ReadWritePaths')).toEqual([]);
  });

  it('has options that this version of Node accepts', () => {
    const [environment = ''] = directive('Environment');
    const [, options = ''] = environment.split(/=(.*)/s);
    const env = { PATH: process.env['PATH'], NODE_OPTIONS: options };
    expect(spawnSync(process.execPath, ['-e', '0'], { env }).status).toBe(0);
  });

  it('has a drop-in for a key set, with settings that exist', () => {
    const [, start = ''] = /^ExecStart=\/usr\/local\/bin\/hvql (.+)$/m.exec(dropIn) ?? [];
    expect(parse(start)).toMatchObject({ settings: { identity: { method: { kind: 'jwks' } } } });
    expect(dropIn).toMatch(/^LoadCredential=\nExecStart=\n/m);
  });

  const analyze = findProgram('systemd-analyze');

  it.skipIf(analyze === null).each([
    ['', ''],
    [', with the drop-in for a key set', `\n${dropIn}`],
  ])('is valid for systemd, without a warning%s', (_, added) => {
    const folder = scratchFolder();
    const paths = [`${folder}/hvql.service`, `${folder}/hvql.socket`];
    // The program is not installed here.
    writeFileSync(String(paths[0]), `${unit}${added}`.replaceAll('/usr/local/bin/hvql', process.execPath));
    writeFileSync(String(paths[1]), socketUnit);
    const { status, stdout, stderr } = spawnSync(String(analyze), ['verify', '--man=no', ...paths], {
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('hvql.'))).toEqual([]);
    expect(status).toBe(0);
  });

  it.skipIf(analyze === null)('has a low exposure level by the measure of systemd', () => {
    const path = `${scratchFolder()}/hvql.service`;
    writeFileSync(path, unit.replace('/usr/local/bin/hvql', process.execPath));
    const { stdout } = spawnSync(String(analyze), ['security', '--offline=true', '--no-pager', path], {
      encoding: 'utf8',
    });
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure)).toBeLessThanOrEqual(1.2);
  });
});

describe('the container image', () => {
  it('passes a Dockerfile linter without a warning', () => {
    expect(validate(containerfile).map(({ message }) => message)).toEqual([]);
    const [misspelt] = validate(containerfile.replace('HEALTHCHECK --interval', 'HEALTHCHECK --intervall'));
    expect(misspelt?.message).toBe('Unknown flag: intervall');
  });

  it('uses base images with a digest, in each stage', () => {
    const [, base] = /^ARG NODE=(.*)$/m.exec(containerfile) ?? [];
    expect(base).toMatch(/^node:\d+\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/);
    const stages = [...containerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(stages).toEqual(['$NODE', '$NODE']);
  });

  it('copies files that exist in the project or that the build creates', () => {
    const copied = [...containerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(copied).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', 'src', 'schema']));
    for (const path of copied) expect(existsSync(path), path).toBe(true);
  });

  it('starts the program as a user other than root', () => {
    const user = containerfile.lastIndexOf('\nUSER node\n');
    expect(user).toBeGreaterThan(containerfile.lastIndexOf('\nRUN '));
    const { scripts, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const entry = /^ENTRYPOINT (.*)$/m.exec(containerfile)?.[1];
    expect(JSON.parse(String(entry))).toEqual(scripts?.['start']?.split(' ').slice(1, -1));
    expect(entry).toContain(String(bin?.['hvql']));
  });

  it.each([
    ['healthy while /health returns 200', 200, 0],
    ['unhealthy while it is not', 500, 1],
    ['unhealthy while nothing listens', null, 1],
  ])('is %s', async (_state, status, exitCode) => {
    const paths: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      response.writeHead(status ?? 500).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    if (status === null) await promisify(server.close.bind(server))();
    const [, words = ''] = /^HEALTHCHECK [^]*?CMD (\[.*\])$/m.exec(containerfile) ?? [];
    const [, ...args] = JSON.parse(words.replace(':4000/', `:${port}/`)) as string[];
    const [code] = (await once(spawn(process.execPath, args), 'close')) as [number];
    server.close();
    expect(code).toBe(exitCode);
    expect(paths).toEqual(status === null ? [] : ['/health']);
  });
});

describe('the compose file', () => {
  const compose = readFileSync('docker-compose.yml', 'utf8');
  const [, services = ''] = /^services:\n([^]*?)^\S/m.exec(compose) ?? [];

  it('limits the resources of every service', () => {
    const [, shared = ''] = /^x-limits: &limits\n([^]*?)^\S/m.exec(compose) ?? [];
    for (const limit of ['cap_drop: [ALL]', "security_opt: ['no-new-privileges:true']", 'read_only: true'])
      expect(shared).toContain(`  ${limit}\n`);
    expect(shared).toMatch(/^ {2}pids_limit: \d+$/m);
    const texts = services.split(/^ {2}(?=\w)/m).slice(1);
    expect(texts.map((text) => text.split(':')[0])).toEqual(['hvql', 'simulator', 'nats', 'fleet']);
    for (const text of texts) {
      expect(text).toMatch(/^ {4}<<: (?:\*limits|\[\*image, \*limits\])$/m);
      expect(text).toMatch(/^ {4}mem_limit: \d+[mg]$/m);
    }
  });

  it('starts hvql with settings that exist', () => {
    const commands = [...services.matchAll(/^ {4}command: \[((?:serve|simulate|fleet), .*)\]$/gm)].map(
      ([, words = '']) => words.split(', ').map((word) => word.replace(/^'(.*)'$/, '$1')),
    );
    expect(commands.map(([name]) => name)).toEqual(['serve', 'simulate', 'fleet']);
    const env = { HVQL_JWT_SECRET: 'x'.repeat(32) };
    for (const words of commands) expect(parseCommand(words, env).name).toBe(words[0]);
  });
});

describe('the instructions for a Windows service', () => {
  it('start hvql with settings that exist', () => {
    const [, words = ''] = /hvql\.mjs" (serve [^<]*)</.exec(windowsService) ?? [];
    expect(parse(words)).toMatchObject({ name: 'serve', settings: { source: 'windows', port: 4000 } });
  });

  it('contain a service file that is valid XML', () => {
    const [, xml = ''] = /```xml\n(.*?)```/s.exec(windowsService) ?? [];
    const tags = [...xml.matchAll(/<(\/?)(\w+)([^>]*?)(\/?)>/g)];
    const open: string[] = [];
    for (const [, end, name = '', , alone] of tags) {
      if (end === '/') expect(open.pop()).toBe(name);
      else if (alone !== '/') open.push(name);
    }
    expect(open).toEqual([]);
    expect(tags.length).toBeGreaterThan(10);
  });
});
