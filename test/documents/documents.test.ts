import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { helpText } from '../../src/cli/settings/setting-help.ts';
import { commandNames } from '../../src/cli/settings/setting-table.ts';
import { checks, standIns } from './checks.ts';
import { anchorsOf, blocksOf, documents, linksOf, proseOf } from './markdown.ts';

const blocks = documents.flatMap(blocksOf);
const shellLines = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.split('\n'));
/** Of the project, generated and installed ones aside. */
const files = ['src', 'test', 'docs', 'schema', 'packaging']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => !file.includes('node_modules'))
      .map((file) => `${folder}/${file}`),
  )
  .concat(readdirSync('.'));
const checkOf = ({ document, language }: (typeof blocks)[number]) =>
  checks.find((row) => (row.document ?? document) === document && row.language === language);

describe('the documents', () => {
  it.each(documents)('%s links to files and headings that exist', (document) => {
    const broken = linksOf(document).filter((link) => {
      const [path = '', fragment] = link.split('#');
      const target = path === '' ? document : normalize(join(dirname(document), path));
      if (!existsSync(target)) return true;
      return fragment !== undefined && !anchorsOf(target).includes(fragment);
    });
    expect(broken).toEqual([]);
  });

  it.each(documents)('%s names files and folders that exist', (document) => {
    const prose = proseOf(document);
    const named = (pattern: RegExp): string[] => [...prose.matchAll(pattern)].map(([, name = '']) => name);
    const paths = named(/`((?:src|test|schema|docs|packaging)\/[\w./-]*\w)`/g);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    const names = named(/`((?:\w[\w-]*\/)*\w[\w.-]*\.(?:ts|js|mjs|ps1|md|graphql))`/g);
    const sources = names.map((name) =>
      name.replace(/^dist\/bundle\/(.*)\.mjs$/, 'src/cli/$1.ts').replace(/^dist\/(.*)\.js$/, 'src/$1.ts'),
    );
    expect(sources.filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual([]);
  });

  it('begin with a README of at most 200 lines', () => {
    expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(200);
  });

  it('have no code block that is neither run nor compiled, except those explained in checks.ts', () => {
    const unchecked = blocks
      .filter((block) => checkOf(block) === undefined)
      .map(({ document, line, language }) => `${document}:${line} ${language}`);
    expect(unchecked).toEqual([]);
  });

  it('are named in the tests that run their code blocks', () => {
    for (const { document, by, because } of checks) {
      if (by === null) expect(because).toMatch(/\.$/);
      else if (document !== null) expect(readFileSync(by, 'utf8'), `${by}: ${document}`).toContain(document);
    }
  });

  it('use every row of checks.ts', () => {
    const used = new Set(blocks.map(checkOf));
    expect(checks.filter((row) => !used.has(row))).toEqual([]);
    expect(standIns.filter(({ command }) => !shellLines.some((line) => command.test(line)))).toEqual([]);
  });

  it('use commands and flags that exist', () => {
    const inline = documents.flatMap((document) =>
      [...proseOf(document).matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text),
    );
    const commands = [...shellLines, ...inline].flatMap((line) => {
      const found = /^(?:sudo )?(?:hvql|npm (?:run (?:--silent )?hvql|start) --) (?<words>[^#&>|<…]+)/.exec(
        line,
      );
      return found?.groups?.['words'] ?? [];
    });
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands) {
      const [word = ''] = command.trim().split(' ');
      const topic = word.startsWith('-') ? 'serve' : word;
      if (topic === 'help' || topic === 'version') continue;
      const name = commandNames.find((each) => each === topic);
      expect(name, command).toBe(topic);
      const help = helpText(name ?? null);
      for (const [flag] of command.matchAll(/(?<= |^)--[\w-]+/g)) expect(help, command).toContain(`${flag} `);
    }
  });

  it('use scripts and files of the project that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    const code = [
      ...shellLines,
      ...documents.flatMap((document) => [...proseOf(document).matchAll(/`([^`]+)`/g)].map(String)),
    ];
    const used = code.flatMap((line) =>
      [...line.matchAll(/\bnpm run (?:--silent )?(\w+)/g)].map(([, name = '']) => name),
    );
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    const paths = shellLines.flatMap((line) => line.match(/(?<= )(?:src|test|packaging|schema)\/\S+/g) ?? []);
    expect(paths.length).toBeGreaterThan(2);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
});
