import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, validate } from 'graphql';
import { createSchema } from '../../src/graph/schema.ts';
import { askOnce, compare, openGround, type OpenGround, type Round } from './comparison.ts';
import { comparisonText, failuresText, medianOf } from './comparison-table.ts';
import { cellsOf } from './before.ts';
import { rowsOf } from './before-streams.ts';
import { parseGoals } from './before-table.ts';
import { openFixedLoad } from './fixed-load.ts';
import { areRivalsInstalled, contenders, variants } from './contender.ts';
import { hasLoadGenerator, loadGenerator } from './load.ts';
import { ownTimes } from './profile.ts';
import { selectionsOf, type StreamsFigures } from './streams.ts';
import { bodyOf, workloadNamed, workloads } from './workload.ts';

const schema = createSchema();

describe('the requests of the benchmark', () => {
  it.each(workloads)('are valid: $name', ({ query }) => {
    expect(validate(schema, parse(query))).toEqual([]);
  });

  it.skipIf(!hasLoadGenerator())(
    'have a different text in each cold request',
    async () => {
      const bodies: string[] = [];
      const server = createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        request.on('end', () => {
          bodies.push(body);
          response.end('{}');
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const body = bodyOf(workloadNamed('S cold'));
      const load = { url: `http://127.0.0.1:${port}/graphql`, body, token: 'a', connections: 2, seconds: 1 };
      for (let run = 0; run < 2; run++) await loadGenerator().run(load);
      server.close();
      expect(bodies.length).toBeGreaterThan(2);
      expect(new Set(bodies).size).toBe(bodies.length);
      // There are thousands of them, as many as the machine manages in a second.
      for (const sent of [...bodies.slice(0, 5), ...bodies.slice(-5)])
        expect(validate(schema, parse((JSON.parse(sent) as { query: string }).query))).toEqual([]);
    },
    300_000,
  );

  it('are sent as often as required, and the load fails if a response is not 200', async () => {
    let [answered, status] = [0, 200];
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        answered += 1;
        response.writeHead(status, { 'content-length': 2 }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/graphql`;
    const load = await openFixedLoad({ url, body: '{}', token: 'a', connections: 3 });
    for (const requests of [1, 100]) await load.run(requests);
    expect(answered).toBe(101);
    status = 503;
    await expect(load.run(1)).rejects.toThrow('answers HTTP/1.1 503');
    load.close();
    server.close();
  });

  it('include a hundred different valid selections for streams', () => {
    const selections = selectionsOf(100);
    expect(new Set(selections).size).toBe(100);
    expect(selections.flatMap((query) => validate(schema, parse(query)))).toEqual([]);
  });
});

describe('the servers that are compared', () => {
  const all = contenders();
  const startable = all.filter(({ key }) => key !== 'D' || areRivalsInstalled());
  let ground: OpenGround;
  beforeAll(async () => {
    // L asks for everything that exists, so the small host does.
    ground = await openGround({ size: workloadNamed('S').host, contenders: startable });
  });
  afterAll(() => ground.close());

  it('are all present, whether Mercurius is installed or not', () => {
    const variants = ['', ' shared', ' yoga', ' default', ' workers', ' files', ' files default'];
    const hvql = variants.map((variant) => `hvql${variant}`);
    expect(all.map(({ key }) => key)).toEqual(['A', 'B', 'B files', 'C', 'D', ...hvql]);
  });

  it.each(workloads)('give the same response to $name', async ({ query, isNewText }) => {
    const asked = ground.opponents.filter(({ contender }) => contender.isAskedCold || !isNewText);
    const answers = await Promise.all(
      asked.map(async ({ server }) => JSON.parse(await askOnce(server, query)) as unknown),
    );
    const [first, ...others] = answers;
    expect(others.length).toBeGreaterThan(isNewText ? 0 : 4);
    for (const other of others) expect(other).toEqual(first);
    expect(JSON.stringify(first).match(/":"\d+"/g)?.length).toBeGreaterThan(50);
  });
});

describe('a compared server that cannot be started', () => {
  it('is named above the tables with the reason, and the others are measured', async () => {
    const [first, second] = contenders();
    if (first === undefined || second === undefined) throw new Error('there are no contenders');
    const load = { perSecond: 5, answers: 5 };
    const broken = { ...second, start: () => Promise.reject(new Error('no such program')) };
    const { results, failures } = await compare({
      contenders: [broken, first],
      workloads: [workloadNamed('S')],
      generator: { name: 'none', isPinned: false, run: () => Promise.resolve(load) },
      rounds: 1,
      seconds: 1,
      warmingSeconds: 1,
      tell: () => undefined,
    });
    expect(failuresText(failures)).toBe(
      `NOT MEASURED: ${second.name} could not be started: no such program\n`,
    );
    expect(Array.from(results[0]?.rounds.keys() ?? [])).toEqual([first.key]);
    expect(results[0]?.rounds.get(first.key)).toMatchObject([{ perSecond: 5 }]);
  });
});

describe('the lock file of the servers that hvql is compared with', () => {
  it('contains only packages that support this version of Node', () => {
    // --dry-run checks the engines and installs nothing.
    const { status, stderr } = spawnSync('npm', ['ci', '--dry-run', '--engine-strict', '--offline'], {
      cwd: fileURLToPath(new URL('rival', import.meta.url)),
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('the table of a comparison', () => {
  const roundsOf = (...rates: number[]): Round[] =>
    rates.map((perSecond) => ({ perSecond, processorMicroseconds: 1e6 / perSecond }));
  const rounds = new Map([
    ['A', roundsOf(1_000, 3_000, 2_000)],
    ['B', roundsOf(100, 100, 100)],
    ['hvql', roundsOf(90, 130, 140)],
  ]);
  const text = comparisonText(
    [{ workload: workloadNamed('S'), answerInBytes: 2_741, rounds }],
    contenders().filter(({ key }) => rounds.has(key)),
  );
  const cellsOf = (name: string): string[] =>
    text
      .split('\n')
      .find((line) => line.startsWith(name))
      ?.split(/ {2,}/) ?? [];

  it('has the median, the minimum, the maximum, and the ratios to other servers', () => {
    expect(cellsOf('A. node:http')).toEqual([
      'A. node:http',
      '2,000',
      '1,000',
      '3,000',
      '1.00',
      '20.00',
      '500.0',
    ]);
  });

  it('says which goals are reached, missed or unknown', () => {
    expect(cellsOf('hvql').slice(1)).toEqual([
      '130',
      '90',
      '140',
      '0.07',
      '1.30',
      '7692.3',
      '1.3 × B: reached (1.30; by processor time 1.30), 1.8 × D: not measured',
    ]);
    const slower = new Map(rounds).set('hvql', roundsOf(129, 129, 129));
    expect(
      comparisonText([{ workload: workloadNamed('S'), answerInBytes: 1, rounds: slower }], contenders()),
    ).toContain('1.3 × B: not reached');
  });
});

describe('a comparison of two builds', () => {
  const round = (perSecond: number, processorMicroseconds: number): Round => ({
    perSecond,
    processorMicroseconds,
  });
  const pairs = {
    before: [round(100, 50), round(200, 50), round(50, 50)],
    now: [round(96, 40), round(220, 50), round(25, 100)],
  };

  it('uses the ratio of each pair of rounds, not the ratio of the medians', () => {
    expect(cellsOf(pairs, 0.97)).toEqual([
      100,
      96,
      ...['0.960', '0.500', '1.100', '≥ 0.97: missed'],
      ...['50.0', '50.0', '1.000', '0.500', '1.250', '≥ 0.97: reached'],
    ]);
  });

  it('has goals for the resources and the missed events of streams', () => {
    const figures = (processorPercent: number, megabytes: number, missed: number): StreamsFigures => ({
      processes: 1,
      missed,
      errors: 0,
      lags: [1, 2, 3, 4],
      processorPercent,
      kilobytesEach: 7,
      megabytes,
      openedInSeconds: 1,
    });
    const rows = rowsOf([10], { before: [figures(10, 10, 0)], now: [figures(11, 12, 1)] }, 1.1);
    expect(rows.map((row) => row.at(-1))).toEqual([
      '≤ 1.1: reached',
      '≤ 1.1: missed',
      '',
      '',
      '≤ before: missed',
    ]);
  });

  it('accepts a goal for all variants, for some variants, or both', () => {
    const goalOf = parseGoals('0.9,hvql=0.95', ['hvql', 'streams']);
    expect([goalOf('hvql'), goalOf('streams')]).toEqual([0.95, 0.9]);
    expect(parseGoals(undefined, [])('hvql')).toBeUndefined();
    expect(() => parseGoals('Hvql=0.9', ['hvql'])).toThrow('there is no "Hvql"; there are hvql.');
    expect(() => parseGoals('hvql=fast', ['hvql'])).toThrow('"hvql=fast" is not a number');
  });

  it('compares each variant with a variant that exists', () => {
    const keys = variants.map(({ key }) => key);
    const measured = variants.flatMap(({ before }) => before ?? []);
    expect(measured.length).toBeGreaterThan(3);
    expect(keys).toEqual(expect.arrayContaining(measured));
  });
});

describe('the median', () => {
  it('is the middle number, the mean of the two middle numbers, or null', () => {
    expect([medianOf([3, 1, 2]), medianOf([4, 1, 2, 3]), medianOf([])]).toEqual([2, 2.5, null]);
  });
});

describe('the self times of a profile', () => {
  it('are shares of the load time, without idle time', () => {
    const node = (id: number, functionName: string) => ({
      id,
      callFrame: { functionName, url: '', lineNumber: 0 },
    });
    const profile = {
      startTime: 0,
      endTime: 3e6,
      nodes: [node(1, 'start'), node(2, 'write'), node(3, '(idle)'), node(4, 'read')],
      samples: [1, 2, 3, 4],
      timeDeltas: [1e6, 1.2e6, 0.4e6, 0.4e6],
    };
    expect(ownTimes(profile, 2)).toEqual([
      ['75.0', 'write'],
      ['25.0', 'read'],
    ]);
  });
});
