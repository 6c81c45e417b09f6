/** Reads what /metrics gives, strictly: a line that the formats do not have is an error. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As it is written. */
  readonly value: string;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly unit: string | null;
  readonly samples: readonly Sample[];
}

/** The families by the name after TYPE. */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { type: string; help: string; unit: string | null; samples: Sample[] }>();
  let name = '';
  const family = (of: string) => {
    let found = families.get(of);
    if (found === undefined) {
      families.set(of, (found = { type: '', help: '', unit: null, samples: [] }));
      name = of;
    } else if (of !== name) throw new Error(`${of} comes twice`);
    return found;
  };
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.split('\n').slice(0, -1)) {
    if (line === '# EOF') continue;
    const [, word = '', of = '', rest = ''] = /^# (TYPE|HELP|UNIT) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'TYPE') family(of).type = rest;
    else if (word === 'HELP') family(of).help = rest;
    else if (word === 'UNIT') family(of).unit = rest;
    else {
      const sample = readSample(line);
      if (!sample.name.startsWith(name) || name === '') throw new Error(`${line} stands below ${name}`);
      family(name).samples.push(sample);
    }
  }
  return families;
}

function readSample(line: string): Sample {
  const [, name, text = '', value] =
    /^([a-z_0-9]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`this is no sample: ${line}`);
  const labels = [...text.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, label = '', escaped = '']) =>
      [label, escaped.replaceAll(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one))] as const,
  );
  return { name, labels: Object.fromEntries(labels), value };
}

/** All samples, by name and labels: `hvql_partition_info{partition="5"}`. */
export function samplesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...readExposition(text).values()].flatMap(({ samples }) =>
      samples.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value] as const),
    ),
  );
}
