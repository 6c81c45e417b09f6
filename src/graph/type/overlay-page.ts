/** Overlay pages as they stand, for those who want to see them. */
import type { Granted } from '../../access/access.ts';
import { valueOf } from '../../snapshot/outcome.ts';
import type { GroupView, PageView } from '../../snapshot/reading.ts';
import { areaOf, pagePlace, type StatisticsArea } from '../../snapshot/object-name.ts';
import type { Builder } from '../builder.ts';
import type { View } from '../context.ts';
import { wholePage } from '../extension.ts';

/** A page that was read in a view. */
export interface OverlayPageModel {
  readonly view: View;
  readonly page: PageView;
  readonly place: string;
  readonly area: StatisticsArea | null;
}

/** The page behind an object's reading; null where the source has no pages. */
export function pageModelOf(view: View, name: Granted): OverlayPageModel | null {
  const page = valueOf(view.reader.reading(name))?.page;
  if (page === null || page === undefined) return null;
  // A source that does not tell areas apart has that of the parent.
  const area = areaOf(name) === null ? null : (page.area ?? 'PARENT');
  return { view, page, place: pagePlace(name, area), area };
}

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

export function defineOverlayPage(builder: Builder, area: AreaRef) {
  const group = builder.objectRef<GroupView>('StatisticsGroup').implement({
    description: 'A statistics group as it stands in an overlay page.',
    fields: (t) => ({
      type: t.exposeInt('type', {
        nullable: false,
        description: 'Its id, unique among the groups of one kind of object.',
      }),
      versionMajor: t.exposeInt('versionMajor', {
        nullable: false,
        description: 'Differs where the format differs.',
      }),
      versionMinor: t.exposeInt('versionMinor', {
        nullable: false,
        description: 'Grows where counters were appended.',
      }),
      lengthInBytes: t.exposeInt('lengthInBytes', {
        nullable: false,
        description: 'Bytes of counters after the header.',
      }),
      isKnown: t.exposeBoolean('isKnown', {
        nullable: false,
        description: 'Whether its counters have names here: a known id in a version that can be read.',
      }),
      values: t.expose('values', {
        type: ['UInt64'],
        nullable: false,
        description: 'All its counters in the order of their indexes, from 1; those without a name as well.',
      }),
    }),
  });
  return builder.objectRef<OverlayPageModel>('OverlayPage').implement({
    description: 'An overlay page as it stands: 4096 bytes, a packed run of statistics groups.',
    fields: (t) => ({
      sampledAt: t.field({
        type: 'DateTime',
        nullable: false,
        description: 'When the page was read.',
        resolve: ({ view }) => view.reader.moment().wallMilliseconds,
      }),
      source: t.string({
        nullable: false,
        description: 'The kind of source and the place of the page in it, such as "pages:lp/0/stats.page".',
        resolve: ({ view, place }) => `${view.sourceKind()}:${place}`,
      }),
      area: t.field({
        type: area,
        nullable: true,
        description:
          'The area that it is the page of: SELF for the partition itself, PARENT for its parent, where the source has both. null: the hypervisor and logical processors have no areas.',
        resolve: (model) => model.area,
      }),
      groups: t.field({
        type: [group],
        nullable: false,
        description: 'Its groups in the order of the page.',
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
