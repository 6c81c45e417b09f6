/**
 * Bare node:http, in three ways: `ready` answers bytes that are there already (A), `memory` decodes pages in memory and
 * writes JSON at each request (B), `files` reads their files as well. Run as `bare-process.ts <way> <page folder>`.
 */
import { createServer } from 'node:http';
import { announce } from './announce.ts';
import { handWrittenAnswers, pagesInFiles, pagesInMemory } from './hand-written.ts';
import { readHost } from './host.ts';

const [way, folder = ''] = process.argv.slice(2);
const host = await readHost(folder);
const answers = handWrittenAnswers(host, way === 'files' ? pagesInFiles(folder) : pagesInMemory(host));
const readyAnswers = new Map(Array.from(answers, ([body, answer]) => [body, Buffer.from(answer())]));
const answerTo =
  way === 'ready'
    ? (body: string): Buffer | undefined => readyAnswers.get(body)
    : (body: string): Buffer | undefined => {
        const text = answers.get(body)?.();
        return text === undefined ? undefined : Buffer.from(text);
      };

announce(
  createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const answer = answerTo(body);
      const headers = { 'content-type': 'application/json', 'content-length': answer?.byteLength ?? 0 };
      response.writeHead(answer === undefined ? 400 : 200, headers).end(answer);
    });
  }),
);
