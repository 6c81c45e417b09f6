import { createClient } from 'graphql-sse';
import { getOperationAST, OperationTypeNode, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { post, serve, type Served } from '../end-to-end/program.ts';
import { scratchFolder } from '../source/scratch.ts';
import { checks } from './checks.ts';
import { blocksOf, documents, type CodeBlock } from './markdown.ts';
import { runBlocks, scriptLimitMilliseconds } from './sandbox.ts';

const own = 'test/documents/examples.test.ts';
const isOwn = ({ document, language }: CodeBlock): boolean =>
  checks.find((row) => (row.document ?? document) === document && row.language === language)?.by === own;
const blocks = documents.flatMap(blocksOf).filter(isOwn);
const isRun = ({ language }: CodeBlock): boolean => language !== 'graphql';
const needed = ['bash', 'curl'].map(findProgram);

describe.skipIf(needed.includes(null))('the examples of a document', () => {
  const withExamples = documents.filter((document) =>
    blocks.some(
      (block) => block.document === document && (block.language === 'sh' || block.language === 'ts'),
    ),
  );
  it.each(withExamples)(
    'run one after the other: %s',
    { timeout: scriptLimitMilliseconds + 10_000 },
    async (document) => {
      const run = blocks.filter((block) => block.document === document && isRun(block));
      const { printed, code, stderr } = await runBlocks(run, scratchFolder());
      const last = run[printed.length - 2];
      const where =
        code === 0 ? '' : `${document}:${last?.line ?? 'start'}\n${printed.at(-1) ?? ''}${stderr}`;
      expect({ code, where }).toEqual({ code: 0, where: '' });
      for (const [n, { language, line }] of run.entries())
        if (language === 'ts') expect(printed[n + 1], `${document}:${line} prints nothing`).not.toBe('');
    },
  );
});

describe('an operation of a document', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
  });
  afterAll(async () => {
    await served.program.stop();
  });

  it.each(
    blocks
      .filter(({ language }) => language === 'graphql')
      .map((block) => [`${block.document}:${block.line}`, block]),
  )('runs without errors: %s', async (_, { text: query }) => {
    const token = served.tokens[0];
    const isLive = getOperationAST(parse(query))?.operation === OperationTypeNode.SUBSCRIPTION;
    const answer = isLive ? await firstEvent(query) : await post(served.url, { token, query });
    expect(answer).not.toHaveProperty('errors');
    expect(answer).toHaveProperty('data');
  });

  async function firstEvent(query: string): Promise<unknown> {
    const headers = { authorization: `Bearer ${served.tokens[0]}` };
    const client = createClient({ url: served.url, headers, retryAttempts: 0 });
    for await (const event of client.iterate({ query })) {
      client.dispose();
      return event;
    }
    return null;
  }
});

describe('a JSON block of a document', () => {
  it.each(
    blocks
      .filter(({ language }) => language === 'json')
      .map(({ document, line, text }) => [`${document}:${line}`, text]),
  )('can be parsed: %s', (_, text) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });
});
