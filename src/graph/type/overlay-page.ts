/** Overlay pages in the graph. */
import type { Granted } from '../../access/access.ts';
import { valueOf, type GroupView, type PageView } from '../../snapshot/reading.ts';
import { areaOf, pagePlace, type StatisticsArea } from '../../snapshot/object-name.ts';
import type { Builder } from '../builder.ts';
import type { View } from '../context.ts';
import { wholePage } from '../extension.ts';

/** A page that was read through a view. */
export interface OverlayPageModel {
  readonly view: View;
  readonly page: PageView;
  readonly place: string;
  readonly area: StatisticsArea | null;
}

/** The page of an object's reading; null if the source has no pages. */
export function pageModelOf(view: View, name: Granted): OverlayPageModel | null {
  const page = valueOf(view.reader.reading(name))?.page;
  if (page === null || page === undefined) return null;
  // A source without separate areas has the area of the parent.
  const area = areaOf(name) === null ? null : (page.area ?? 'PARENT');
  return { view, page, place: pagePlace(name, area), area };
}

export type AreaRef = ReturnType<typeof defineStatisticsArea>;

export function defineStatisticsArea(builder: Builder) {
  return builder.enumType('StatisticsArea', {
    description:
      'The two areas of the statistics of a partition and its virtual processors. If a source has only one of them, both readers receive that one.',
    values: {
      SELF: { description: 'What the partition itself may read.' },
      PARENT: { description: 'What its parent may read.' },
    } as const satisfies Readonly<Record<StatisticsArea, { description: string }>>,
  });
}

export function defineOverlayPage(builder: Builder, area: AreaRef) {
  const group = builder.objectRef<GroupView>('StatisticsGroup').implement({
    description: 'A statistics group in an overlay page.',
    fields: (t) => ({
      type: t.exposeInt('type', {
        nullable: false,
        description: 'Its id, unique among the groups of one kind of object.',
      }),
      versionMajor: t.exposeInt('versionMajor', {
        nullable: false,
        description: 'Changes when the format changes.',
      }),
      versionMinor: t.exposeInt('versionMinor', {
        nullable: false,
        description: 'Increases when counters are appended.',
      }),
      lengthInBytes: t.exposeInt('lengthInBytes', {
        nullable: false,
        description: 'The size of the counters after the header, in bytes.',
      }),
      isKnown: t.exposeBoolean('isKnown', {
        nullable: false,
        description:
          'Whether the service knows the names of its counters: its id is known and its version is supported.',
      }),
      values: t.expose('values', {
        type: ['UInt64'],
        nullable: false,
        description: 'All its counters by ascending index, from 1, including those without a name.',
      }),
    }),
  });
  return builder.objectRef<OverlayPageModel>('OverlayPage').implement({
    description: 'An overlay page: 4096 bytes, a packed sequence of statistics groups.',
    fields: (t) => ({
      sampledAt: t.field({
        type: 'DateTime',
        nullable: false,
        description: 'When the page was read.',
        resolve: ({ view }) => view.reader.moment().wallMilliseconds,
      }),
      source: t.string({
        nullable: false,
        description: 'The kind of source and the path of the page in it, such as "pages:lp/0/stats.page".',
        resolve: ({ view, place }) => `${view.sourceKind()}:${place}`,
      }),
      area: t.field({
        type: area,
        nullable: true,
        description:
          'The area of the page: SELF for the partition itself and PARENT for its parent, if the source has both. null for the hypervisor and logical processors, which have no areas.',
        resolve: (model) => model.area,
      }),
      groups: t.field({
        type: [group],
        nullable: false,
        description: 'Its groups, in page order.',
        extensions: wholePage,
        resolve: ({ page }) => page.groups(),
      }),
      bytes: t.string({
        nullable: false,
        description: 'The 4096 bytes in base64.',
        extensions: wholePage,
        resolve: ({ page: { bytes } }) =>
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
      }),
    }),
  });
}

export type OverlayPageRef = ReturnType<typeof defineOverlayPage>;
