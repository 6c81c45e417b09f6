/** Which Host headers are answered in development mode. */
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './http-problem.ts';
import { namesLoopback } from './loopback.ts';

/** Throws an HttpProblem where a request does not name this machine by a loopback name. */
export function checkHost({ headers }: IncomingMessage): void {
  if (namesLoopback(headers.host)) return;
  throw new HttpProblem(
    'In development mode only requests to localhost, 127.0.0.1 or [::1] are answered, and the Host header names ' +
      'another host. Configure an identity method to serve under other names.',
    { status: 403, code: 'FOREIGN_HOST' },
  );
}
