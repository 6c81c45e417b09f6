/** What hosts install: the unit of systemd, the image and the instructions for Windows name what exists. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../src/cli/settings.ts';
import { findProgram } from './debian-program.ts';
import { scratchFolder } from './source/scratch.ts';

const unit = readFileSync('packaging/hvql.service', 'utf8');
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

describe('the unit of systemd', () => {
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

  it('lets it bind the port that it serves on, and no other', () => {
    expect(directive('SocketBindAllow')).toEqual(['tcp:4000']);
    expect(directive('SocketBindDeny')).toEqual(['any']);
    expect(directive('IPAddressDeny')).toEqual(['any']);
  });

  it('gives it one right of root, and nothing to write to but its log', () => {
    expect(directive('CapabilityBoundingSet')).toEqual(['CAP_DAC_READ_SEARCH']);
    expect(directive('AmbientCapabilities')).toEqual(['CAP_DAC_READ_SEARCH']);
    expect(directive('DynamicUser')).toEqual(['yes']);
    expect(directive('ProtectSystem')).toEqual(['strict']);
    expect(directive('ReadOnlyPaths')).toEqual(['-/sys/kernel/debug']);
    expect(directive('ReadWritePaths')).toEqual([]);
  });

  it('has flags that this Node takes', () => {
    const [environment = ''] = directive('Environment');
    const [, options = ''] = environment.split(/=(.*)/s);
    const env = { PATH: process.env['PATH'], NODE_OPTIONS: options };
    expect(spawnSync(process.execPath, ['-e', '0'], { env }).status).toBe(0);
  });

  const analyze = findProgram('systemd-analyze');

  it.skipIf(analyze === null)('is what systemd takes for a unit, without a warning', () => {
    const path = `${scratchFolder()}/hvql.service`;
    // The program is not installed here.
    writeFileSync(path, unit.replace('/usr/local/bin/hvql', process.execPath));
    const { status, stdout, stderr } = spawnSync(String(analyze), ['verify', '--man=no', path], {
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('hvql.service'))).toEqual([]);
    expect(status).toBe(0);
  });

  it.skipIf(analyze === null)('is exposed to little, by the measure of systemd', () => {
    const path = `${scratchFolder()}/hvql.service`;
    writeFileSync(path, unit.replace('/usr/local/bin/hvql', process.execPath));
    const { stdout } = spawnSync(String(analyze), ['security', '--offline=true', '--no-pager', path], {
      encoding: 'utf8',
    });
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure)).toBeLessThan(2);
  });
});

describe('the image', () => {
  it('copies what exists in the project, and what the build makes', () => {
    const copied = [...containerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(copied).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', 'src', 'schema']));
    for (const path of copied) expect(existsSync(path), path).toBe(true);
  });

  it('starts the program as a user who is not root', () => {
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
});

describe('the instructions for a service of Windows', () => {
  it('start hvql with settings that exist', () => {
    const [, words = ''] = /main\.js" (serve [^<]*)</.exec(windowsService) ?? [];
    expect(parse(words)).toMatchObject({ name: 'serve', settings: { source: 'windows', port: 4000 } });
  });

  it('have a file of the service that can be read as XML', () => {
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
