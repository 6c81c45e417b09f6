/** The builds of hvql that are measured: that of the working tree, and that of another commit. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A checkout with its `dist` and its own test/bench, whose programs start it. */
export interface Build {
  readonly root: URL;
  /** What tables call it. */
  readonly title: string;
}

const thisCheckout = new URL('../../', import.meta.url);
const buildsFolder = new URL('test/bench/result/before/', thisCheckout);

/** The working tree; `npm run bench` has built it. */
export const currentBuild: Build = { root: thisCheckout, title: 'the working tree' };

/**
 * Builds a commit into test/bench/result/before, or takes what is there from another run; builds of other commits are
 * removed. The installed packages are this checkout's where both lock files are equal. Throws where git, npm or tsc fails.
 */
export function buildCommit(commit: string, tell: (what: string) => void): Build {
  const sha = run('git', ['rev-parse', '--verify', `${commit}^{commit}`]).trim();
  const title = run('git', ['log', '-1', '--format=%h %s', sha]).trim();
  const root = new URL(`${sha}/`, buildsFolder);
  if (existsSync(root)) return { root, title };
  tell(`Building ${title}`);
  rmSync(buildsFolder, { recursive: true, force: true });
  const unfinished = new URL('unfinished/', buildsFolder);
  mkdirSync(unfinished, { recursive: true });
  const archive = new URL('commit.tar', buildsFolder);
  // Its tests would be taken for tests of this checkout.
  run('git', ['archive', '-o', fileURLToPath(archive), sha, '--', '.', ':(exclude)*.test.ts']);
  run('tar', ['-xf', fileURLToPath(archive), '-C', fileURLToPath(unfinished)]);
  rmSync(archive);
  if (!existsSync(new URL('test/bench/hvql-process.ts', unfinished)))
    throw new Error(`${title} has no test/bench/hvql-process.ts, which starts it over pages in memory.`);
  installPackages(unfinished);
  run('npm', ['run', '--silent', 'build'], unfinished);
  renameSync(unfinished, root);
  return { root, title };
}

/** Whether a file of two builds has the same bytes. */
export function isSameFile(path: string, [one, other]: readonly [Build, Build]): boolean {
  return readFileSync(new URL(path, one.root)).equals(readFileSync(new URL(path, other.root)));
}

/** The program of a build, which has been in different places. */
export function programOf(root: URL): string {
  const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    bin: { hvql: string };
  };
  return fileURLToPath(new URL(bin.hvql, root));
}

const sharingFlags = new Map<string, string>();

/** The flag for how long requests share a snapshot, which has had two names. */
export function sharingFlag({ root }: Build): string {
  const program = programOf(root);
  const known = sharingFlags.get(program);
  if (known !== undefined) return known;
  const help = run(process.execPath, [program, 'serve', '--help']);
  const flag = help.includes('--snapshot-max-age') ? '--snapshot-max-age' : '--share-looks';
  sharingFlags.set(program, flag);
  return flag;
}

function installPackages(root: URL): void {
  const lockFile = (of: URL): Buffer => readFileSync(new URL('package-lock.json', of));
  const installed = new URL('node_modules', thisCheckout);
  if (lockFile(root).equals(lockFile(thisCheckout)) && readdirSync(installed).length > 0)
    symlinkSync(fileURLToPath(installed), fileURLToPath(new URL('node_modules', root)), 'junction');
  else run('npm', ['ci'], root);
}

/** The output of a program. Throws with its error output if it fails. */
function run(program: string, args: readonly string[], cwd = thisCheckout): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: fileURLToPath(cwd),
    encoding: 'utf8',
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(' ')} failed with exit code ${status}:\n${stdout}${stderr}`);
}
