import { buildSchema, parse, validate, type GraphQLEnumType, type GraphQLSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { columnOf, counterFields, enumValueOf } from '../../../src/cli/top/view/counter-column.ts';
import { documentOf, type Asked } from '../../../src/cli/top/document.ts';
import type { View, Wanted } from '../../../src/cli/top/view/view.ts';
import { columnsOfView, views } from '../../../src/cli/top/view/views.ts';

const ofHost = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
const ofFleet = buildSchema(readFileSync('schema/fleet.graphql', 'utf8'));

function errorsOf(schema: GraphQLSchema, text: string) {
  return validate(schema, parse(text)).map(({ message }) => message);
}

function wantedOf(view: View, changes: Partial<Wanted> = {}): Wanted {
  const columns = columnsOfView(view, null);
  return { columns, sort: view.defaultSort, filter: '', partitionId: null, rows: 20, over: null, ...changes };
}

const hostViews = Object.values(views).filter(({ name }) => name !== 'hosts');

describe.each(hostViews)('the document of $name', (view) => {
  const asked = (changes: Partial<Wanted> = {}): Asked => ({
    view,
    wanted: wantedOf(view, view.name === 'intercepts' ? { partitionId: '5', ...changes } : changes),
    host: null,
    isRoot: true,
  });
  const columns = view.columns(asked().wanted).filter(({ isSortable }) => isSortable);

  it.each(columns)('is valid for the public schema in both orders by $key', ({ key }) => {
    for (const isDescending of [true, false]) {
      for (const filter of ['', 'web "1"', '=3,4']) {
        const text = documentOf(asked({ sort: { key, isDescending }, filter }), 1000);
        expect(errorsOf(ofHost, text)).toEqual([]);
      }
    }
  });

  it('is valid for the public schema with every counter in every view', () => {
    const all = view.objects.flatMap((object) => countersOf(object));
    for (const field of counterFields) {
      const shown = all
        .filter(({ rateUnit }) => field === 'counters' || rateUnit !== null)
        .map((counter) => columnOf(counter, field));
      expect(errorsOf(ofHost, documentOf(asked({ columns: shown, partitionId: '7' }), 500))).toEqual([]);
    }
  });

  it('can be sorted by every counter', () => {
    for (const object of view.objects) {
      const name = object
        .toLowerCase()
        .replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
      const known = (ofHost.getType(`${name}Counter`) as GraphQLEnumType)
        .getValues()
        .map((each) => each.name);
      expect(countersOf(object).map(enumValueOf).toSorted()).toEqual(known.toSorted());
    }
  });

  it('is valid for the schema of a gateway, as a query about one host', () => {
    const text = documentOf({ ...asked({ over: '1s' }), host: 'web-17' }, null);
    expect(errorsOf(ofFleet, text)).toEqual([]);
  });

  it('does not request logical processors if the caller is not root and does not view them', () => {
    const text = documentOf({ ...asked(), isRoot: false }, 1000);
    expect(text.includes('logicalProcessor')).toBe(view.name === 'logical-processors');
  });
});

describe('the document of hosts', () => {
  it('is valid for the schema of a gateway', () => {
    const wanted = wantedOf(views.hosts, { over: '1s', filter: 'web' });
    const text = documentOf({ view: views.hosts, wanted, host: null, isRoot: true }, null);
    expect(errorsOf(ofFleet, text)).toEqual([]);
  });
});

describe('the rows that a document requests', () => {
  it('are as many as fit the screen, sorted by the service', () => {
    const sort = { key: 'hypercalls', isDescending: true };
    const wanted = wantedOf(views['virtual-processors'], { rows: 18, sort });
    const text = documentOf({ view: views['virtual-processors'], wanted, host: null, isRoot: false }, 1000);
    expect(text).toContain(
      'virtualProcessors(first: 18, orderBy: { counter: HYPERCALLS, by: RATE, direction: DESC })',
    );
  });
});
