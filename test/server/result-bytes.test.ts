import { describe, expect, it, vi } from 'vitest';
import { GraphQLError } from 'graphql';
import {
  KeptWithResult,
  nextEventBytes,
  nextEventChunk,
  resultBytes,
} from '../../src/server/result-bytes.ts';
import { nextFrame } from '../../src/server/websocket/websocket-message.ts';
import { WrittenData, writtenDataOf, writtenResult } from '../../src/writer/written-data.ts';

const text = `{"data":{"name":"ä${'x'.repeat(200)}"}}`;

describe('the bytes of an event', () => {
  it('stand once in memory, within what is sent, and are the same for every way', () => {
    const own = Buffer.from(text);
    const release = vi.fn();
    const result = writtenResult(new WrittenData(own, release), []);
    const chunk = nextEventChunk(result);
    const event = `event: next\ndata: ${text}\n\n`;
    expect(chunk.toString()).toBe(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
    expect(release).toHaveBeenCalledTimes(1);
    // They are another answer's from now on.
    own.fill(0);
    expect(writtenDataOf(result)?.response.buffer).toBe(chunk.buffer);
    expect(resultBytes(result).toString()).toBe(text);
    expect(nextEventChunk(result)).toBe(chunk);

    const frame = nextFrame('one', result);
    expect(frame.subarray(4).toString()).toBe(`{"id":"one","type":"next","payload":${text}}`);
    chunk.fill(0);
    expect(nextFrame('two', result).subarray(4).toString()).toBe(
      `{"id":"two","type":"next","payload":${text}}`,
    );
    frame.fill(0);
    expect(nextEventBytes(result).toString()).toBe(event);
    expect(JSON.stringify(result)).toBe(text);
  });

  it('with errors in it are written with them', () => {
    const data = new WrittenData(Buffer.from('{"data":{"name":null}}'));
    const result = writtenResult(data, [new GraphQLError('Gone.')]);
    const whole = '{"errors":[{"message":"Gone."}],"data":{"name":null}}';
    expect(nextEventChunk(result).toString()).toContain(`data: ${whole}\n\n`);
    expect(nextFrame('one', result).subarray(2).toString()).toBe(
      `{"id":"one","type":"next","payload":${whole}}`,
    );
    expect(resultBytes(result).toString()).toBe(whole);
  });
});

describe('what is kept with a result', () => {
  it('is there for the same result, and for no copy of it', () => {
    const kept = new KeptWithResult<string>();
    const result = { data: null };
    expect(kept.of(result)).toBeUndefined();
    expect(kept.keep(result, 'first')).toBe('first');
    expect(kept.keep(result, 'second')).toBe('second');
    expect(kept.of(result)).toBe('second');
    expect(kept.of({ ...result })).toBeUndefined();
    expect(new KeptWithResult<string>().of(result)).toBeUndefined();
  });

  it('is not seen by whoever writes the result or looks at its fields', () => {
    const result = { data: null };
    new KeptWithResult<string>().keep(result, 'bytes');
    expect(JSON.stringify(result)).toBe('{"data":null}');
    expect(Reflect.ownKeys({ ...result })).toEqual(['data']);
  });
});
