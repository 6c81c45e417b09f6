import { describe, expect, it } from 'vitest';
import { missingCell, numberCell, textCell } from '../../../src/cli/top/view/cell.ts';
import { parseColumns } from '../../../src/cli/top/view/counter-column.ts';
import { plainStyle, styleOf } from '../../../src/cli/top/screen/style.ts';
import { drawTable, legendOf, plainTable, type TableLayout } from '../../../src/cli/top/screen/table-text.ts';
import { cutTo, fitTo, widthOf } from '../../../src/cli/top/screen/text-width.ts';
import { counterColumns, leadingColumn, type Table } from '../../../src/cli/top/view/view.ts';

const counters = parseColumns(['totalRunTime', 'hypercalls.counters'], ['VIRTUAL_PROCESSOR']);
const table: Table = {
  columns: [leadingColumn('id'), leadingColumn('name', { isNumber: false }), ...counterColumns(counters)],
  rows: [
    {
      cells: [numberCell('5'), textCell('web'), numberCell(3.14), numberCell('18446744073709551615')],
      partitionId: '5',
      host: null,
    },
    {
      cells: [numberCell('7'), missingCell('unreported'), missingCell('denied'), missingCell('reset')],
      partitionId: '7',
      host: null,
    },
  ],
  total: 2,
  problem: null,
  of: '',
};
const layout = (changes: Partial<TableLayout> = {}): TableLayout => ({
  width: 60,
  sort: { key: 'totalRunTime', isDescending: true },
  firstColumn: 0,
  style: plainStyle,
  widths: new Map(),
  ...changes,
});

describe('the text of a table', () => {
  it('shows names, units, the sort order, and every digit', () => {
    expect(plainTable(table, layout().sort)).toBe(
      'id  name  totalRunTime            hypercalls\n' +
        '                   % v\n' +
        ' 5  web            3.1  18446744073709551615\n' +
        ' 7  -           denied                 reset\n',
    );
  });

  it('leaves out columns that do not fit the screen, and marks that there are more', () => {
    const drawn = drawTable(table, table.rows, layout({ width: 30 }));
    expect(drawn.isCut).toBe(true);
    expect(drawn.headings[0]).toBe(`${fitTo('id  name  totalRunTime', 29)}>`);
    expect(drawn.rows[0]).toBe(' 5  web            3.1');
  });

  it('keeps the columns that identify a row when columns are scrolled', () => {
    const drawn = drawTable(table, table.rows, layout({ width: 30, firstColumn: 1 }));
    expect(drawn.rows[0]).toBe(' 5  web   18446744073709551615');
  });

  it('keeps the width of a column when its numbers get shorter', () => {
    const widths = new Map<string, number>();
    const [wide] = drawTable(table, table.rows, layout({ widths })).headings;
    const [narrow] = drawTable(table, table.rows.slice(1), layout({ widths })).headings;
    expect(narrow).toBe(wide);
  });

  it('explains the signs that it contains', () => {
    expect(legendOf(table.rows)).toBe(
      'denied this token may not read it   - the source does not report it   reset the counter was reset',
    );
    expect(legendOf(table.rows.slice(0, 1))).toBe('');
  });

  it('has colours only if requested', () => {
    const draw = (hasColor: boolean) =>
      drawTable(table, table.rows, layout({ style: styleOf(hasColor) })).rows.join('\n');
    expect(draw(true)).toContain('\u001b[31m');
    expect(draw(false)).not.toContain('\u001b[');
  });
});

describe('the width of a text', () => {
  it('is measured in terminal columns', () => {
    expect(widthOf('web-1')).toBe(5);
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    expect(cutTo('日本語', 5)).toBe('日本~');
    expect(fitTo('日本', 6)).toBe('日本  ');
    expect(fitTo('7', 3, 'right')).toBe('  7');
  });
});
