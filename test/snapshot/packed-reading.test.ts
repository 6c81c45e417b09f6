import { describe, expect, it } from 'vitest';
import { counterNamed } from '../../src/catalogue/catalogue.ts';
import { decodePage, PageRoom } from '../../src/page/decode.ts';
import { encodeRelease } from '../../src/page/encode.ts';
import { packed } from '../../src/snapshot/packed-reading.ts';

const object = 'VIRTUAL_PROCESSOR';
const origin = { object, place: 'x' } as const;
const bytes = encodeRelease({ object, release: 2013 }, ({ slot }) => BigInt(slot) + 1n);
const counter = counterNamed(object, 'hypercalls');

describe('a packed reading', () => {
  it('contains a copy of the counters of a whole page', () => {
    const page = decodePage(bytes, origin);
    const small = packed(page, object);
    expect(small.page).toBeNull();
    expect(small.cells?.view.buffer.byteLength).toBeLessThan(600);
    expect(small.value(counter)).toBe(page.value(counter));
  });

  it('shares the memory of a page that has only its counters', () => {
    const room = new PageRoom();
    room.bytes.set(bytes);
    const page = room.decode(origin);
    const small = packed(page, object);
    expect(small.page).toBeNull();
    expect(small.cells?.view).toBe(page.view);
    expect(small.value(counter)).toBe(page.value(counter));
  });
});
