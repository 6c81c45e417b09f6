/** Overlay pages as they stand, for those who want to see them. */
import type { Granted } from '../access/access.ts';
import { valueOf } from '../sampling/outcome.ts';
import type { GroupView, PageView } from '../snapshot/reading.ts';
import { pagePlace } from '../snapshot/object-name.ts';
import type { Builder } from './builder.ts';
import type { View } from './context.ts';
import { wholePage } from './size.ts';

/** A page that was read in a view. */
export interface OverlayPageModel {
  readonly view: View;
  readonly page: PageView;
  readonly place: string;
}

/** The page behind an object's reading; null where the source has no pages. */
export function pageModelOf(view: View, name: Granted): OverlayPageModel | null {
  const page = valueOf(view.look.reading(name))?.page;
  return page === null || page === undefined ? null : { view, page, place: pagePlace(name) };
}

export function defineOverlayPage(builder: Builder) {
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
        resolve: ({ view }) => view.look.moment().wallMilliseconds,
      }),
      source: t.string({
        nullable: false,
        description: 'The kind of source and the place of the page in it, such as "pages:lp/0/stats.page".',
        resolve: ({ view, place }) => `${view.sourceKind}:${place}`,
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
