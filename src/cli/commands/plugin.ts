/** Plugins of Yoga or envelop that the operator adds with --plugin: their code runs with all rights of the service. */
import { pathToFileURL } from 'node:url';
import { messageOf, UsageError } from '../../errors.ts';
import { formatDuration } from '../../snapshot/duration.ts';
import type { AddedPlugin } from '../../server/yoga.ts';

/** The time limit for loading a module. */
const loadLimitMilliseconds = 10_000;

/**
 * Loads each module: a path that begins with "." or "/", or the name of an installed package. Its default export is a
 * plugin, a list of plugins, or a function that returns one of these. `export const observesOnly = true` declares that it
 * neither denies nor changes anything. Rejects with a UsageError with every module that cannot be used.
 */
export async function loadPlugins(
  modules: readonly string[],
  limitMilliseconds = loadLimitMilliseconds,
): Promise<readonly AddedPlugin[]> {
  const problems: string[] = [];
  const loaded: AddedPlugin[] = [];
  for (const name of modules) {
    try {
      loaded.push(...(await within(loadModule(name), limitMilliseconds)));
    } catch (thrown) {
      problems.push(`--plugin: ${name} cannot be used: ${messageOf(thrown).split('\n')[0] ?? ''}`);
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return loaded;
}

interface PluginModule {
  readonly default?: unknown;
  readonly observesOnly?: unknown;
}

async function loadModule(name: string): Promise<readonly AddedPlugin[]> {
  const address = /^[./]/.test(name) ? pathToFileURL(name).href : name;
  const { default: exported, observesOnly } = (await import(address)) as PluginModule;
  const given: unknown =
    typeof exported === 'function' ? await (exported as () => unknown)() : await exported;
  return (Array.isArray(given) ? given : [given]).map((plugin: unknown) => {
    const problem = explainNoPlugin(plugin);
    if (problem !== null) {
      throw new TypeError(
        `its default export needs to be a plugin (an object of hooks), a list of plugins, or a function that gives ` +
          `one of these, but is ${problem}.`,
      );
    }
    return { plugin: plugin as object, observesOnly: observesOnly === true };
  });
}

/** Rejects after the time limit. The timer keeps the process running, which a waiting module does not. */
async function within<Value>(loading: Promise<Value>, limitMilliseconds: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(
      `it was not loaded within ${formatDuration(limitMilliseconds)}: a promise that it awaits, at its top level or in its function, ` +
        'has not settled.',
    );
    timer = setTimeout(() => reject(error), limitMilliseconds);
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Describes a value that is not a plugin; null for a plugin. Yoga would accept an object without hooks, which does nothing
 * even if it was meant to deny something.
 */
function explainNoPlugin(value: unknown): string | null {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  if (Array.isArray(value)) return 'a list in a list';
  const keys = new Set<string>();
  for (
    let each: unknown = value;
    each !== null && each !== Object.prototype;
    each = Object.getPrototypeOf(each)
  )
    for (const key of Object.getOwnPropertyNames(each)) keys.add(key);
  if (keys.has('instrumentation') || [...keys].some((key) => /^on[A-Z]/.test(key))) return null;
  const found = [...keys].map((key) => JSON.stringify(key)).join(', ');
  return `an object without a hook${found === '' ? '' : `; it has ${found}`}`;
}
