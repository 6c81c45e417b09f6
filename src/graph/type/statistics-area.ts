/** The areas of statistics in the graph. */
import type { StatisticsArea } from '../../snapshot/object-name.ts';
import type { Builder } from '../builder.ts';

export type AreaRef = ReturnType<typeof defineStatisticsArea>;

export function defineStatisticsArea(builder: Builder) {
  return builder.enumType('StatisticsArea', {
    description:
      'The two areas of the statistics of a partition and its virtual processors. A source that has one of them only gives that one to both.',
    values: {
      SELF: { description: 'What the partition itself is shown.' },
      PARENT: { description: 'What its parent is shown.' },
    } as const satisfies Readonly<Record<StatisticsArea, { description: string }>>,
  });
}
