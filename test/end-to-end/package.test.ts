import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { satisfies } from 'semver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);

const install = ['install', '--engine-strict', '--prefer-offline', '--no-audit', '--no-fund'];

/** How `prepack` begins, as package.json has it. */
const removingDist = String.raw`node -e \"fs.rmSync('dist', { recursive: true, force: true })\" && `;

interface Packed {
  filename: string;
  files: { path: string }[];
}

/** What is read of a CycloneDX SBOM. */
interface Sbom {
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly purl: string;
    readonly licenses?: readonly { readonly license?: { readonly id?: string } }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** SPDX ids of licences that ask for no more than that their text stays with the code. */
const permissive = [
  'Unlicense',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
];

/** What npm says of the package; older versions give a list, newer ones an object by name. */
function parsePack(stdout: string): Packed {
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
  if (packed === undefined) throw new Error(stdout);
  return packed;
}

/** The packages of a lock file that would refuse to be installed on this Node, and why. */
async function refusals(lockFile: string, node: string): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(lockFile, 'utf8')) as {
    packages: Record<string, { version: string; optional?: boolean; engines?: { node?: string } }>;
  };
  return Object.entries(packages).flatMap(
    ([path, { version, optional, engines: { node: range = '*' } = {} }]) =>
      optional === true || satisfies(node, range) ? [] : [`${path} ${version} needs Node ${range}`],
  );
}

/** The oldest releases of each Node that the project is installed on: as a clone with its tools, and as a package. */
const oldestNodes = ['20.19.0', '22.13.0', '24.0.0'];

describe('a clone of the project', () => {
  it.each(oldestNodes)('installs on Node %s', async (node) => {
    expect(await refusals('package-lock.json', node)).toEqual([]);
  });
});

describe('the package that npm pack makes', () => {
  let folder: string;
  let user: string;
  let packed: string[];
  /** What npm wrote about the installation. */
  let installation: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hvql-package-'));
    // Packed in a copy, since packing writes to dist, and other tests run what is built here.
    const copy = join(folder, 'copy');
    for (const path of [
      'src',
      // Packing begins without it. Here it stays, so that the build has nothing to do: test/build.test.ts tests that.
      'dist',
      'schema',
      'docs',
      'packaging',
      'package.json',
      'package-lock.json',
      '.npmrc',
      'tsconfig.json',
      'tsconfig.build.json',
      'build.js',
      'bundle.js',
      'dashboard.js',
      'sbom.js',
      'README.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'LICENSE',
    ]) {
      await cp(path, join(copy, path), { recursive: true });
    }
    await symlink(resolve('node_modules'), join(copy, 'node_modules'));
    const about = await readFile('package.json', 'utf8');
    expect(about).toContain(removingDist);
    await writeFile(join(copy, 'package.json'), about.replace(removingDist, ''));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: copy });
    const { filename, files } = parsePack(stdout);
    packed = files.map(({ path }) => path);
    user = join(folder, 'user');
    await mkdir(user);
    const { stdout: out, stderr } = await run('npm', [...install, join(folder, filename)], { cwd: user });
    installation = out + stderr;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('contains the program, the schema and the examples, and no sources or tests', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'dist/bundle/hvql.mjs',
        'dist/cli/main.js',
        'dist/sbom.cdx.json',
        'dist/source/mshv/reading-thread.js',
        'dist/source/windows/read-classes.ps1',
        'docs/deployment.md',
        'packaging/hvql.service',
        'schema/schema.graphql',
        'LICENSE',
        'README.md',
      ]),
    );
    expect(packed.filter((path) => /^(src|test|\.ci|node_modules)\/|\.build\.json$/.test(path))).toEqual([]);
  });

  it('has an SBOM of everything it installs, with licences that require only their notice', async () => {
    const sbom = JSON.parse(
      await readFile(join(user, 'node_modules/hvql/dist/sbom.cdx.json'), 'utf8'),
    ) as Sbom;
    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { type: 'application', purl: 'pkg:npm/hvql@0.1.0' } },
    });
    const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Record<string, { version: string; dev?: boolean } | undefined>;
    };
    const locked = Object.entries(packages).flatMap(([path, entry]) =>
      path === '' || entry?.dev === true ? [] : `${path.replace(/.*node_modules\//, '')}@${entry?.version}`,
    );
    const listed = sbom.components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', '')));
    expect(listed.sort()).toEqual([...new Set(locked)].sort());
    for (const { purl, licenses } of sbom.components) {
      const ids = licenses?.map(({ license }) => license?.id);
      expect(
        ids?.filter((id) => !permissive.includes(String(id))),
        purl,
      ).toEqual([]);
    }
    for (const { ref, dependsOn } of sbom.dependencies)
      for (const other of dependsOn)
        expect(
          sbom.components.some((component) => component['bom-ref'] === other),
          `${ref} → ${other}`,
        ).toBe(true);
  });

  it('passes publint', async () => {
    const pkgDir = join(user, 'node_modules/hvql');
    // What is linted is the installation, so it need not be packed another time.
    expect((await publint({ pkgDir, strict: true, pack: false })).messages).toEqual([]);
  });

  it('describes itself for a registry, independent of the address of its repository', async () => {
    const about = JSON.parse(await readFile(join(user, 'node_modules/hvql/package.json'), 'utf8')) as object;
    expect(about).toMatchObject({
      name: 'hvql',
      description: expect.stringMatching(/hypervisor.*counters/),
      keywords: expect.arrayContaining(['graphql', 'hypervisor', 'hyper-v', 'mshv', 'performance-counters']),
      license: 'MIT',
      engines: { node: '>=20.19' },
      bin: { hvql: 'dist/bundle/hvql.mjs' },
    });
    for (const name of ['repository', 'homepage', 'bugs']) expect(about).not.toHaveProperty(name);
  });

  it('contains the files that its README and documentation link to', async () => {
    const pages = packed.filter((path) => /^(README|docs\/.*)\.md$/.test(path));
    const targets = pages.map(async (page) => {
      const text = await readFile(page, 'utf8');
      return [...text.matchAll(/\]\((?!\w+:|#|src\/)([^)#\s]+)/g)].map(([, target = '']) =>
        join(page, '..', target),
      );
    });
    for (const target of new Set((await Promise.all(targets)).flat()))
      expect(
        packed.some((path) => path === target || path.startsWith(`${target}/`)),
        target,
      ).toBe(true);
  });

  it('installs without a warning under strict engine checks', () => {
    expect(installation).not.toMatch(/warn|EBADENGINE/i);
    expect(installation).toMatch(/^added \d+ packages/m);
  });

  it.each(oldestNodes)('installs on Node %s', async (node) => {
    expect(await refusals(join(user, 'node_modules', '.package-lock.json'), node)).toEqual([]);
  });

  it('runs with npx', async () => {
    const { stdout } = await run('npx', ['--no-install', 'hvql', 'version'], { cwd: user });
    expect(stdout).toBe('0.1.0\n');
  });

  it('reads Linux statistics with its second thread', async () => {
    const program = `
      import { readFileSync, writeFileSync } from 'node:fs';
      import { SecondReader } from './node_modules/hvql/dist/source/mshv/second-reader.js';
      import { readLines } from './node_modules/hvql/dist/source/mshv/stats-lines.js';
      const object = 'VIRTUAL_PROCESSOR';
      writeFileSync('stats', 'VpTotalRunTime : 7\\n');
      const layouts = new Map([[object, readLines({ object, bytes: readFileSync('stats') }).layout]]);
      const reader = new SecondReader({ processors: 2 });
      reader.begin([], layouts);
      while (reader.state === 'busy') await new Promise((resolve) => setTimeout(resolve, 5));
      const shared = reader.begin([{ path: 'stats', object }], layouts);
      console.log((await shared?.readings(AbortSignal.timeout(20_000)))?.size);
      await reader.close();
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: user });
    expect(stdout).toBe('1\n');
  });

  it('shares its graphql with plugin packages that are installed beside it', async () => {
    const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Record<string, { version: string } | undefined>;
    };
    const name = '@envelop/disable-introspection';
    const { version } = packages[`node_modules/${name}`] ?? {};
    await run('npm', [...install, `${name}@${version}`], { cwd: user });
    const { stdout } = await run('npm', ['ls', 'graphql', '@envelop/core', '--all', '--parseable'], {
      cwd: user,
    });
    const folders = stdout
      .trim()
      .split('\n')
      .map((path) => path.slice(path.indexOf('node_modules')));
    expect([...new Set(folders)].sort()).toEqual(['node_modules/@envelop/core', 'node_modules/graphql']);
  });

  it('includes what it needs to serve, and serves', async () => {
    // npx starts the program through a shell: all of them are ended together.
    const child = spawn('npx', ['--no-install', 'hvql', 'serve', '--port', '0'], {
      cwd: user,
      detached: true,
    });
    try {
      let stdout = '';
      for await (const text of child.stdout) {
        stdout += String(text);
        if (stdout.includes('\n')) break;
      }
      const url = /^hvql listening on (\S+)\n/.exec(stdout)?.[1];
      const page = await fetch(String(url), { headers: { accept: 'text/html' } });
      const html = await page.text();
      expect(html).toContain('query Busiest');
      const script = /src="([^"]+)"/.exec(html)?.[1];
      expect((await fetch(new URL(String(script), url))).status).toBe(200);
    } finally {
      process.kill(-Number(child.pid), 'SIGKILL');
    }
  });
});
