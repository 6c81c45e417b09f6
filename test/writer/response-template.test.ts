import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CachedTemplate, ResponseTemplate } from '../../src/writer/response-template.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const megabyte = Buffer.alloc(1024 * 1024, 'x');

function keep(response: Buffer): CachedTemplate {
  const cached = new CachedTemplate();
  cached.offer(new ResponseTemplate(response, []));
  return cached;
}

describe('response templates', () => {
  it('are evicted by newer ones according to their size, also those without numbers', () => {
    const all = Array.from({ length: 30 }, () => keep(megabyte));
    const kept = all.map(({ template }) => template !== null);
    expect(kept.indexOf(true)).toBeGreaterThan(10);
    expect(kept.lastIndexOf(false)).toBe(kept.indexOf(true) - 1);
    const [first] = all;
    first?.offer(new ResponseTemplate(megabyte, []));
    expect(first?.template).not.toBeNull();
    expect(all[kept.indexOf(true)]?.template).toBeNull();
  });

  it('are not cached if they are larger than the whole cache', () => {
    expect(keep(Buffer.alloc(21 * 1024 * 1024)).template).toBeNull();
  });

  it('are released with their operation', async () => {
    const weak = new WeakRef(keep(Buffer.from('{"data":{}}')));
    // A reference that was just made is kept until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(weak.deref()).toBeUndefined();
  });
});
