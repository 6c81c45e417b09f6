import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import type { Counter } from '../../src/catalogue/counter.ts';
import { versionMinorOf, groupsOf, statisticsObjects } from '../../src/catalogue/group.ts';
import { objectTitle } from '../../src/snapshot/object-name.ts';

const file = new URL('../../schema/counters.md', import.meta.url);

/** The catalogue as Markdown. */
function printCatalogue(): string {
  const sections = statisticsObjects.flatMap((object) =>
    groupsOf(object).map((group) => {
      const rows = countersOf(object).filter((counter) => counter.group === group.name);
      const title = `${objectTitle[object][0]?.toUpperCase()}${objectTitle[object].slice(1)}`;
      return [
        `## ${title}: group ${group.name}`,
        '',
        `Id ${group.id}, version ${group.versionMajor}.${group.versionMinor}, ${group.origin}, ${group.access}.`,
        '',
        '| index | version | field | title | kind | unit | rate | reported by | |',
        '|---|---|---|---|---|---|---|---|---|',
        ...rows.map(row),
      ].join('\n');
    }),
  );
  const start =
    'Every counter, printed from `src/catalogue`. For the terms see [overlay-page.md](overlay-page.md) and the types `CounterDefinition`, `CounterKind` and `CounterReporter` in [schema.graphql](schema.graphql). The version is the first version of the group that has the counter. The position of a counter without an index is not known.';
  return `# Counters\n\n${start}\n\n${sections.join('\n\n')}\n`;
}

function row(counter: Counter): string {
  const { index, field, title, kind, unit, rateUnit, description } = counter;
  const version = `${counter.statisticsGroup.versionMajor}.${versionMinorOf[counter.release]}`;
  const cells = [
    ...(index === null ? ['', ''] : [index, version]),
    ...[`\`${field}\``, title, kind, unit, rateUnit ?? '', counter.reportedBy.join(', '), description],
  ];
  return `| ${cells.join(' | ')} |`;
}

describe('schema/counters.md', () => {
  it('equals the catalogue; UPDATE_SCHEMA=1 updates the file', () => {
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, printCatalogue());
    expect(readFileSync(file, 'utf8')).toBe(printCatalogue());
  });
});
