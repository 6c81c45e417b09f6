import { readdirSync, readFileSync } from 'node:fs';
import { CloseCode } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { codeTable } from '../../src/errors.ts';

const folder = 'src/server/websocket';
const source = readdirSync(folder)
  .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
  .join('\n');

/** Of ws and of RFC 6455: those of a message that is too long, and of a service that ends. */
const othersCodes = [1001, 1009];

describe('docs/protocol.md', () => {
  it('lists the close codes that the service uses', () => {
    const used = [...source.matchAll(/CloseCode\.(\w+)/g)].map(
      ([, name]) => CloseCode[name as keyof typeof CloseCode],
    );
    const ofErrors = Object.values(codeTable).flatMap(({ closeCode }) => closeCode ?? []);
    const text = readFileSync('docs/protocol.md', 'utf8');
    const listed = [...text.matchAll(/^\| +(\d{4}) \|/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual([...new Set([...othersCodes, ...used, ...ofErrors])].sort());
  });
});
