/** nginx in front of a service. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../debian-program.ts';
import { atFileEnd } from '../file-end.ts';
import { until } from '../until.ts';
import { freePort } from '../free-port.ts';

/** The path of nginx, or null where it is not installed. */
export const nginx = findProgram('nginx');

const running = new Map<ChildProcess, string>();
atFileEnd(() => {
  for (const [child, folder] of running) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
  running.clear();
});

/** Starts nginx and waits until it listens; it ends with the tests of the file. Gives its port. */
export async function startNginx(
  /** The inside of its `server` block, for a port of 127.0.0.1. */
  serverBlock: (port: number) => string,
): Promise<number> {
  if (nginx === null) throw new Error('nginx is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'hvql-nginx-'));
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), configOf(folder, serverBlock(port)));
  const child = spawn(nginx, ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'], {
    stdio: 'inherit',
  });
  running.set(child, folder);
  const url = `http://127.0.0.1:${port}/nothing`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    return (await fetch(url).catch(() => null)) !== null;
  });
  return port;
}

function configOf(folder: string, serverBlock: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/nginx-${name};`).join('\n  ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
${serverBlock}
  }
}
`;
}
