/** The tables of the documents that are printed from the source. */
import { nameOf, type Setting } from '../../src/cli/settings/setting.ts';
import { commandNames, commands, type CommandName } from '../../src/cli/settings/setting-table.ts';
import { codeTable } from '../../src/errors.ts';

/** The settings of every command, a section each. */
export function printSettings(): string {
  return commandNames.map(printCommand).join('\n\n');
}

function printCommand(name: CommandName): string {
  const { summary, positional, settings } = commands[name];
  const argument =
    positional === null
      ? []
      : ['', `\`hvql ${name} ${positional.placeholder}\`: the argument is a ${positional.description}.`];
  const rows = Object.values<Setting>(settings).map((setting) => {
    const usage = [nameOf(setting), setting.placeholder].filter((part) => part !== null).join(' ');
    const { flag, variable, description } = setting;
    const names = [flag === null ? '' : code(usage), variable === null ? '' : code(variable)];
    return [...names, defaultOf(setting), description];
  });
  const list =
    rows.length === 0
      ? ['This command has no settings.']
      : table(['flag', 'environment variable', 'default', 'meaning'], rows);
  return [`## hvql ${name}`, '', summary, ...argument, '', ...list].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function defaultOf({ default: preset, isRequired, placeholder }: Setting): string {
  if (isRequired === true) return 'required';
  return preset === null || placeholder === null ? '' : code(preset);
}

/** Every error code that clients get. */
export function printErrors(): string {
  const rows = Object.entries(codeTable).map(([name, { httpStatus, closeCode, hvStatus, when }]) => {
    const numbers = [httpStatus, closeCode].map((number) => String(number ?? ''));
    return [code(name), ...numbers, hvStatus === undefined ? '' : code(hvStatus), when];
  });
  return table(['code', 'HTTP status', 'WebSocket', '`hvStatus`', 'when'], rows).join('\n');
}

/** The lines of a Markdown table. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** A pipe would end the cell, and a browser would take `<file>` outside of code for an element. */
function escape(cell: string): string {
  const text = cell.replaceAll('|', '\\|');
  return text.startsWith('`') ? text : text.replaceAll('<', '&lt;');
}
