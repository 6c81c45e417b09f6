import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** Files that wait for a time, how often, and why no condition can stand in its place. */
const allowed: Readonly<Record<string, readonly [count: number, why: string]>> = {
  'test/until.ts': [1, 'is how conditions are waited for'],
  'test/bench/dashboard.ts': [1, 'watches pages that show one event a second'],
  'test/bench/fleet/fleet.ts': [1, 'measures a gateway that is asked nothing'],
  'test/bench/linux-host.ts': [1, 'measures after processor time has settled'],
  'test/bench/sizes.ts': [1, 'measures after files have settled'],
  'test/bench/top.ts': [1, 'measures processor time of seconds, after the code has been compiled'],
  'test/clients/reconnecting.ts': [1, 'is an example of docs: it backs off between attempts'],
  'test/end-to-end/graphiql.test.ts': [1, 'GraphiQL does not show which operation its button would run'],
  'test/end-to-end/live.test.ts': [1, 'counts the processor time of two seconds'],
  'test/execution/live/live-stream.test.ts': [1, 'a source is slow, by fake timers'],
  'test/execution/query/deadline.test.ts': [1, 'the sampler waits for a second reading'],
  'test/fuzz/protocol-connection.ts': [1, 'the pauses of a client are part of what it does'],
  'test/fuzz/protocol.test.ts': [2, 'each check of the memory of a process collects its garbage'],
  'test/fuzz/service-process.ts': [1, 'a process may be about to end or not'],
  'test/server/stall.test.ts': [1, 'shows that a client takes nothing'],
  'test/soak/leftovers.ts': [2, 'each check of what is left collects garbage'],
  'test/soak/service-here.ts': [1, 'reads at the pace of a client'],
  'test/soak/stream-client.ts': [1, 'several processes begin at one moment of the wall clock'],
  'test/soak/stream-process.ts': [1, 'measures to the millisecond how long streams take to open'],
  'test/soak/visit.ts': [1, 'how long visitors stay is part of what they do'],
  'test/soak/visiting.ts': [1, 'the service ends in the middle of visits'],
};

const root = fileURLToPath(new URL('..', import.meta.url));
const files = readdirSync(`${root}/test`, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.[jt]s$/.test(file) && !/(^|\/)(fixtures|node_modules|generated|result)\//.test(file))
  .map((file) => `test/${file}`);

/** Lines that wait for a time: a promise that a timer resolves, Node's timers/promises, or Playwright's waitForTimeout. */
function sleepsIn(file: string): number[] {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  // A second of processor time is saved by not parsing the others.
  if (!/setTimeout|waitForTimeout/.test(text)) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines: number[] = [];
  const visit = (node: ts.Node): void => {
    if (isSleep(node)) lines.push(source.getLineAndCharacterOfPosition(node.getStart()).line + 1);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}

function isSleep(node: ts.Node): boolean {
  if (ts.isImportSpecifier(node)) {
    const { moduleSpecifier } = node.parent.parent.parent as ts.ImportDeclaration;
    return (
      (node.propertyName ?? node.name).text === 'setTimeout' &&
      (moduleSpecifier as ts.StringLiteral).text === 'node:timers/promises'
    );
  }
  if (!ts.isCallExpression(node)) return false;
  const called = node.expression;
  if (ts.isPropertyAccessExpression(called)) return called.name.text === 'waitForTimeout';
  return ts.isIdentifier(called) && called.text === 'setTimeout' && isExecutorOf(node, node.arguments[0]);
}

/** Whether the timer calls what resolves the promise around it: `new Promise((resolve) => setTimeout(resolve, 50))`. */
function isExecutorOf(timer: ts.Node, callback: ts.Expression | undefined): boolean {
  if (callback === undefined || !ts.isIdentifier(callback)) return false;
  let node: ts.Node = timer.parent;
  while (ts.isBlock(node) || ts.isExpressionStatement(node) || ts.isVoidExpression(node)) node = node.parent;
  return (
    ts.isArrowFunction(node) &&
    ts.isNewExpression(node.parent) &&
    node.parameters.some(({ name }) => ts.isIdentifier(name) && name.text === callback.text)
  );
}

describe('the tests', () => {
  it('wait for conditions (test/until.ts), and for a fixed time only with a reason in the table', () => {
    const found = files
      .map((file) => ({ file, lines: sleepsIn(file) }))
      .filter(({ file, lines }) => lines.length !== (allowed[file]?.[0] ?? 0))
      .map(({ file, lines }) => `${file}: lines ${lines.join(', ')}`);
    expect(found).toEqual([]);
  });
});
