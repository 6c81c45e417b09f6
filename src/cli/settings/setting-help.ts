/** Prints the table of settings as help text for the terminal. */
import { nameOf, type CommandRow, type Setting } from './setting.ts';
import { commandNames, commands, type CommandName } from './setting-table.ts';

/** The help text of a command; null stands for the whole program. Ends with a newline. */
export function helpText(topic: CommandName | null): string {
  return topic === null ? programHelp() : commandHelp(topic, commands[topic]);
}

function programHelp(): string {
  const width = Math.max(...commandNames.map((name) => name.length));
  const list = commandNames.map((name) => `  hvql ${name.padEnd(width)}  ${commands[name].summary}`);
  return [
    'GraphQL API for hypervisor statistics.',
    '',
    ...list,
    '',
    '"hvql help <command>" describes a command, "hvql version" prints the version.',
    '',
  ].join('\n');
}

function commandHelp(name: CommandName, { summary, positional, settings }: CommandRow): string {
  const rest = Object.keys(settings).length === 0 ? [] : ['[settings]'];
  const usage = ['hvql', name, ...(positional === null ? [] : [positional.placeholder]), ...rest].join(' ');
  const entries = Object.values(settings).map((setting) => {
    const variable = setting.flag !== null && setting.variable !== null ? `  or ${setting.variable}` : '';
    const start =
      setting.flag === null ? `${nameOf(setting)}=${setting.placeholder ?? ''}` : `--${usageOf(setting)}`;
    const preset = defaultOf(setting);
    return `  ${start}${variable}\n      ${setting.description}${preset === '' ? '' : ` (${presetText(preset)})`}`;
  });
  const argument =
    positional === null ? [] : [`  ${positional.placeholder}\n      ${positional.description}`];
  return [`Usage: ${usage}`, '', summary, '', ...argument, ...entries, ''].join('\n');
}

function presetText(preset: string): string {
  return preset === 'required' ? preset : `default ${preset}`;
}

function usageOf(setting: Setting): string {
  return [setting.flag, setting.placeholder].filter((part) => part !== null).join(' ');
}

function defaultOf({ default: preset, isRequired, placeholder }: Setting): string {
  if (isRequired === true) return 'required';
  return preset === null || placeholder === null ? '' : preset;
}
