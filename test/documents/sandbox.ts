/** Runs the examples of a document, one after the other, as a reader does who has installed hvql. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { builtProgram } from '../built-program.ts';
import type { CodeBlock } from './markdown.ts';
import { standIns } from './checks.ts';
import { freePort } from '../free-port.ts';

/** What a script of several parts printed. */
export interface ScriptResult {
  /** Standard output of each part. */
  readonly printed: readonly string[];
  readonly code: number | null;
  readonly stderr: string;
}

/** How long the examples of one document may take. */
export const scriptLimitMilliseconds = 240_000;

/** Makes the folder one in which `hvql` is the built program. */
export function prepareFolder(folder: string): void {
  mkdirSync(join(folder, 'bin'));
  const program = join(folder, 'bin/hvql');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${builtProgram}" "$@"\n`);
  chmodSync(program, 0o755);
}

/** Runs the parts of a script in one Bash, and ends what they have started. The first part that fails is the last one. */
export async function runScript(
  parts: readonly string[],
  { folder, env = {} }: { readonly folder: string; readonly env?: Readonly<Record<string, string>> },
): Promise<ScriptResult> {
  const script = ['set -euo pipefail', ...parts].join('\necho "=== next"\n');
  const child = spawn('bash', ['-c', script], {
    cwd: folder,
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const killAll = (): void => {
    try {
      process.kill(-Number(child.pid), 'SIGKILL');
    } catch {
      // All of them have ended.
    }
  };
  const limit = setTimeout(killAll, scriptLimitMilliseconds);
  // What it has left running has its output open as well.
  child.on('exit', killAll);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  return { printed: stdout.split('=== next\n').slice(1), code, stderr };
}

/**
 * Bash functions for programs that run until they are stopped. Readers give each a terminal of its own; here it runs
 * in the background, once it is ready, until another of the same command begins.
 */
const prelude = `
declare -A running
background() {
  local name=$2 ready
  if [ -n "\${running[$name]:-}" ]; then kill "\${running[$name]}"; wait "\${running[$name]}" || true; fi
  : > "$name.out"
  "$@" >> "$name.out" 2> "$name.err" &
  running[$name]=$!
  # Both commands print a line once they are ready.
  until [ -s "$name.out" ]; do
    kill -0 "\${running[$name]}" 2> /dev/null || { cat "$name.out" "$name.err" >&2; return 1; }
    sleep 0.1
  done
  if [ "$name" = serve ]; then TOKEN=$(sed -n 's/^Token of the root partition: //p' serve.err); export TOKEN; fi
}
`;

/** Whether a command runs until it is stopped. */
function runsOn(line: string): boolean {
  return /^hvql (serve|simulate)\b/.test(line) && !/ --for |&$/.test(line);
}

/** Runs blocks of a document in its order, against a service of their own on a free port. */
export async function runBlocks(blocks: readonly CodeBlock[], folder: string): Promise<ScriptResult> {
  prepareFolder(folder);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n');
  const port = String(await freePort());
  const tsx = resolve('node_modules/tsx/dist/cli.mjs');
  const parts = blocks.map(({ language, file, line, text }) => {
    const here = text.replaceAll('127.0.0.1:4000', `127.0.0.1:${port}`);
    if (language === 'sh')
      return here
        .replaceAll(/\\\n\s*/g, '')
        .split('\n')
        .map(commandOf)
        .join('\n');
    const name = file ?? `line-${line}.${language}`;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const write = `mkdir -p ${dirname(name)}; cat > ${name} <<'END OF FILE'\n${here}END OF FILE`;
    return language === 'ts' ? `${write}\n"${process.execPath}" "${tsx}" ${name}` : write;
  });
  return runScript([`${prelude}\nbackground hvql serve`, ...parts], { folder, env: { HVQL_PORT: port } });
}

function commandOf(line: string): string {
  const standIn = standIns.find(({ command }) => command.test(line));
  const command = standIn === undefined ? line : line.replace(standIn.command, standIn.runs);
  return runsOn(command) ? `background ${command}` : command;
}
