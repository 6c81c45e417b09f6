#!/usr/bin/env node
/**
 * Stands in for powershell.exe with read-classes.ps1: answers from recorded lines, which hold every property of their release,
 * as the script answers from Windows. What it plays stands beside the link by which it is started: `recorded.jsonl`,
 * `frame` (a line of it, from 0) and `behaviour`, which is read again at every request. `starts` gets a line with the
 * process's id, and one with the flags, for each start.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const folder = dirname(process.argv[1]);
const read = (name) => readFileSync(`${folder}/${name}`, 'utf8').trim();
const frames = read('recorded.jsonl')
  .split('\n')
  .map((line) => JSON.parse(line).classes);
const always = [
  'Name',
  'Timestamp_PerfTime',
  'Frequency_PerfTime',
  'Timestamp_Sys100NS',
  'Frequency_Sys100NS',
];

appendFileSync(`${folder}/starts`, `${process.pid} ${process.argv.slice(2).join(' ')}\n`);

/** @type {Record<string, (answer: string) => void>} */
const behaviours = {
  answer: (answer) => process.stdout.write(`${answer}\n`),
  windowsLineEnds: (answer) => process.stdout.write(`${answer}\r\n`),
  whenTold(answer) {
    const timer = setInterval(() => {
      if (!existsSync(`${folder}/go`)) return;
      clearInterval(timer);
      process.stdout.write(`${answer}\n`);
    }, 5);
  },
  inPieces(answer) {
    const bytes = Buffer.from(`${answer}\n`);
    let at = 0;
    const next = () => {
      if (at >= bytes.length) return;
      process.stdout.write(bytes.subarray(at, (at += 20_011)));
      setImmediate(next);
    };
    next();
  },
  die: () => process.exit(3),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  complainAndDie() {
    process.stderr.write(
      'read-classes.ps1 cannot be loaded because running scripts is disabled on this system.\n',
      () => process.exit(1),
    );
  },
  hang: () => {},
  garbage: () => process.stdout.write('Windows PowerShell\n'),
  foreign: () => process.stdout.write('{"id":0,"classes":{}}\n'),
  half: (answer) => process.stdout.write(answer.slice(0, answer.length / 2), () => process.exit(0)),
  brokenLine: (answer) => process.stdout.write(`${answer.slice(0, answer.length / 2)}\n`),
  twice: (answer) => process.stdout.write(`${answer}\n${answer}\n`),
  answerAndDie: (answer) => process.stdout.write(`${answer}\n`, () => process.exit(0)),
  deaf(answer) {
    requests.removeAllListeners('close');
    process.stdin.pause();
    setInterval(() => {}, 1_000);
    process.stdout.write(`${answer}\n`);
  },
  flood() {
    const mebibyte = Buffer.alloc(2 ** 20, 'x');
    const more = () => process.stdout.write(mebibyte, more);
    more();
  },
  floodErrors(answer) {
    for (let line = 0; line < 2_000; line++) process.stderr.write(`${'e'.repeat(2_000)} ${line}\n`);
    process.stdout.write(`${answer}\n`);
  },
  onlyErrors: (answer) => {
    const { id, classes } = JSON.parse(answer);
    for (const name of Object.keys(classes)) classes[name] = { error: 'Invalid class' };
    process.stdout.write(`${JSON.stringify({ id, classes })}\n`);
  },
};

/** What the script would say of this class. */
function tableOf(name, wanted, frame) {
  if (read('missing').split('\n').includes(name)) return { error: 'Invalid class' };
  const { properties, instances } = frame[name];
  const isNumber = (property) =>
    !['Name', 'Caption', 'Description'].includes(property) &&
    !/^(Timestamp|Frequency)_|_Base$/.test(property);
  const further = wanted.includes('*') ? properties.filter(isNumber) : [];
  const columns = [...new Set([...always, ...wanted, ...further])].filter((property) =>
    properties.includes(property),
  );
  const places = columns.map((property) => properties.indexOf(property));
  return { properties: columns, instances: instances.map((row) => places.map((place) => row[place])) };
}

const requests = createInterface({ input: process.stdin });
requests.on('line', (line) => {
  const { id, classes } = JSON.parse(line);
  // A test that finds the request may advance to the next frame.
  const frame = frames[Math.min(Number(read('frame')), frames.length - 1)];
  appendFileSync(`${folder}/questions`, `${line}\n`);
  const found = Object.entries(classes).map(([name, wanted]) => [name, tableOf(name, wanted, frame)]);
  behaviours[read('behaviour')](JSON.stringify({ id, classes: Object.fromEntries(found) }));
});
requests.on('close', () => process.exit(0));
