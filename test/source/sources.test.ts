import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { openSource, parseSimulator } from '../../src/source/sources.ts';
import { ManualClock } from './manual-clock.ts';
import { fixture } from './scratch.ts';

const world = { clock: new ManualClock() };

async function problemsOf(text: string): Promise<readonly string[]> {
  try {
    await (await openSource(text, world)).close();
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.problems;
    throw thrown;
  }
  return [];
}

describe('the text of a source', () => {
  it.each([
    ['simulator', 'simulator', /^simulator\?seed=1&lps=16&partitions=8&vps=4/],
    ['simulator?seed=7&lps=2', 'simulator', /^simulator\?seed=7&lps=2&partitions=8&vps=4/],
    [`pages:${fixture('small-host')}`, 'pages', /^pages:.*\/small-host$/],
    [`mshv:${fixture('mshv')}`, 'mshv', /^mshv:.*\/mshv$/],
    [`mshv:${fixture('mshv')}?self=4`, 'mshv', /^mshv:.*\/mshv\?self=4$/],
    [`capture:${fixture('three-frames')}`, 'capture', /^capture:.*\/three-frames$/],
    [`capture:${fixture('three-frames')}?frame=1&loop=true`, 'capture', /three-frames\?loop=true&frame=1$/],
  ])('opens the source: %s', async (text, kind, description) => {
    const source = await openSource(text, world);
    expect(source.kind).toBe(kind);
    expect(source.description).toMatch(description);
    await source.close();
  });

  it.each([
    [
      '',
      [
        'There is no source ""; there are simulator, pages:<folder>, capture:<folder or .tar>, mshv[:<folder>], windows.',
      ],
    ],
    [
      'page:/run/pages',
      [
        'There is no source "page:/run/pages"; there are simulator, pages:<folder>, capture:<folder or .tar>, mshv[:<folder>], windows. ' +
          'Did you mean pages?',
      ],
    ],
    [
      'prometheus:x',
      [
        'There is no source "prometheus:x"; there are simulator, pages:<folder>, capture:<folder or .tar>, mshv[:<folder>], windows.',
      ],
    ],
    ['pages', ['pages:<folder> needs a path after the colon, but it is empty.']],
    [
      'pages:?loop=true&x=1&release=26',
      [
        'pages:<folder> needs a path after the colon, but it is empty.',
        'pages: there is no option "loop"; there is release.',
        'pages: there is no option "x"; there is release.',
        'pages: release must be 2013 or 2026, but is "26".',
      ],
    ],
    ['pages:/nowhere', ['The folder /nowhere cannot be read: no such file or directory (ENOENT).']],
    [
      'capture:?loop=yes&frame=-1&speed=2&frame=3',
      [
        'capture:<folder or .tar> needs a path after the colon, but it is empty.',
        'capture: frame is given 2 times; once is needed.',
        'capture: there is no option "speed"; there are loop, frame.',
        'capture: loop must be true or false, but is "yes".',
        'capture: frame must be the number of a frame, from 0, but is "-1".',
      ],
    ],
    [
      'mshv:?self=0&loop=true',
      [
        'mshv: needs a folder after the colon; for /sys/kernel/debug/mshv leave the colon out.',
        'mshv: there is no option "loop"; there is self.',
        'mshv: self must be the id of the own partition, from 1, but is "0".',
      ],
    ],
    ['mshv?self=1&self=2', ['mshv: self is given 2 times; once is needed.']],
    ['capture:x?loop', ['capture: loop must be true or false, but is "".']],
    [
      `capture:${fixture('three-frames')}?frame=3`,
      [`${fixture('three-frames')}/manifest.json has the frames 0 to 2, but frame=3 was asked for.`],
    ],
  ])('is refused: %s', async (text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });

  it("is refused with all problems of the simulator's settings", async () => {
    expect(await problemsOf('simulator:fast?lps=0&vps=x')).toEqual([
      'simulator: only options may follow, but ":fast" does.',
      expect.stringContaining('lps'),
      expect.stringContaining('vps'),
    ]);
  });
});

describe('a text that must name the simulator', () => {
  it('contains its settings', () => {
    expect(parseSimulator('simulator?lps=3')).toMatchObject({ seed: 1, logicalProcessors: 3 });
  });

  it('is refused if it names another source', () => {
    expect(() => parseSimulator('pages:/run/pages?x')).toThrow(
      new UsageError([
        'The simulator is needed, as in simulator?seed=1, but the source is "pages:/run/pages?x".',
      ]),
    );
  });
});
