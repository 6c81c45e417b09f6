import { describe, expect, it } from 'vitest';
import { restoreSequence, Screen } from '../../../src/cli/top/screen/screen.ts';

function screen() {
  const written: string[] = [];
  const drains: (() => void)[] = [];
  const output = {
    writableNeedDrain: false,
    write: (text: string) => written.push(text) > 0,
    once: (_: string, listener: () => void) => drains.push(listener),
  };
  return { written, drains, output, screen: new Screen(output as never) };
}

describe('a screen', () => {
  it('writes a frame in one write, and then only the lines that differ', () => {
    const { written, screen: shown } = screen();
    shown.show(['one', 'two', 'three']);
    shown.show(['one', 'TWO', 'three']);
    shown.show(['one', 'TWO', 'three']);
    expect(written).toEqual([
      '\u001b[1;1Hone\u001b[K\u001b[2;1Htwo\u001b[K\u001b[3;1Hthree\u001b[K',
      '\u001b[2;1HTWO\u001b[K',
    ]);
  });

  it('erases lines that no longer exist', () => {
    const { written, screen: shown } = screen();
    shown.show(['one', 'two']);
    shown.show(['one']);
    expect(written[1]).toBe('\u001b[2;1H\u001b[K');
  });

  it('writes everything again after other output has overwritten it', () => {
    const { written, screen: shown } = screen();
    shown.show(['one']);
    shown.invalidate();
    shown.show(['one']);
    expect(written).toHaveLength(2);
  });

  it('skips frames while a slow terminal is not ready, and then shows the newest', () => {
    const { written, drains, output, screen: shown } = screen();
    output.writableNeedDrain = true;
    shown.show(['one']);
    shown.show(['two']);
    expect(written).toEqual([]);
    output.writableNeedDrain = false;
    for (const drain of drains) drain();
    expect(written).toEqual(['\u001b[1;1Htwo\u001b[K']);
    expect(drains).toHaveLength(1);
  });

  it("restores cursor, colours and the shell's screen", () => {
    expect(restoreSequence).toContain('\u001b[?25h');
    expect(restoreSequence).toContain('\u001b[?1049l');
    expect(restoreSequence).toContain('\u001b[0m');
  });
});
