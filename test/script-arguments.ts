/** The command lines of the scripts that `npm run` starts. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

/**
 * The values and words of the command line. With `--help` it prints the usage and exits with 0; for an unknown flag or a
 * missing value it prints the reason with the usage and exits with 2.
 */
export function readArguments<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (thrown) {
    const { code = '', message } = thrown as NodeJS.ErrnoException;
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw thrown;
    return refuseArguments(message, usage);
  }
}

/** Prints the reason with the usage and exits with 2. */
export function refuseArguments(reason: string, usage: string): never {
  process.stderr.write(`${reason}\n\n${usage}\n`);
  process.exit(2);
}
