import { describe, expect, it, vi } from 'vitest';
import { GraphQLError } from 'graphql';
import {
  memoizeOnResult,
  nextEventBytes,
  nextEventChunk,
  resultBytes,
} from '../../src/server/result-bytes.ts';
import { nextFrame } from '../../src/server/websocket/websocket-message.ts';
import { WrittenData, writtenDataOf, writtenResult } from '../../src/writer/written-data.ts';

const text = `{"data":{"name":"ä${'x'.repeat(200)}"}}`;

describe('the bytes of an event', () => {
  it('are in memory once, within the bytes that are sent, for all transports', () => {
    const own = Buffer.from(text);
    const release = vi.fn();
    const result = writtenResult(new WrittenData(own, release), []);
    const chunk = nextEventChunk(result);
    const event = `event: next\ndata: ${text}\n\n`;
    expect(chunk.toString()).toBe(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
    expect(release).toHaveBeenCalledTimes(1);
    // Another response uses this memory from now on.
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

  it('include the errors of the event', () => {
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

describe('a function that is memoized on a result', () => {
  it('is called once for the same result, and again for a copy of it', () => {
    let calls = 0;
    const count = memoizeOnResult(() => (calls += 1));
    const result = { data: null };
    expect([count(result), count(result), count({ ...result }), count(result)]).toEqual([1, 1, 2, 1]);
    expect(memoizeOnResult(() => 'other')(result)).toBe('other');
  });

  it('is called again if the latest value does not fit the argument', () => {
    const name = memoizeOnResult(
      (_, id: string) => ({ id }),
      (value, id) => value.id === id,
    );
    const result = { data: null };
    const first = name(result, 'a');
    expect(name(result, 'a')).toBe(first);
    const second = name(result, 'b');
    expect(second).toEqual({ id: 'b' });
    expect(name(result, 'b')).toBe(second);
  });

  it('does not change the fields and the JSON of the result', () => {
    const result = { data: null };
    memoizeOnResult(() => 'bytes')(result);
    expect(JSON.stringify(result)).toBe('{"data":null}');
    expect(Reflect.ownKeys({ ...result })).toEqual(['data']);
  });
});
