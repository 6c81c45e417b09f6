/** The table of settings as people read it in the terminal. */
import { nameOf, type CommandRow, type Setting } from './setting.ts';
import { commandNames, commands, type CommandName } from './setting-table.ts';

/** The help text of a command, or for null of the program. Ends with a newline. */
export function helpText(topic: CommandName | null): string {
  return topic === null ? programHelp() : commandHelp(topic, commands[topic]);
}

function programHelp(): string {
  const width = Math.max(...commandNames.map((name) => name.length));
  const list = commandNames.map((name) => `  hvql ${name.padEnd(width)}  ${commands[name].summary}`);
  return [
    'GraphQL for what a hypervisor is doing.',
    '',
    ...list,
    '',
    '"hvql help <command>" tells more, "hvql version" which version this is.',
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
  return preset === 'needed' ? preset : `default ${preset}`;
}

function usageOf(setting: Setting): string {
  return [setting.flag, setting.placeholder].filter((part) => part !== null).join(' ');
}

function defaultOf({ default: preset, isRequired, placeholder }: Setting): string {
  if (isRequired === true) return 'needed';
  return preset === null || placeholder === null ? '' : preset;
}
