/** Numbers that a source reports by name and that are not in the catalogue, such as newer counters. */
import { grantedWithUnlisted, type Granted } from '../../access/access.ts';
import { valueOf, type UnnamedValue } from '../../snapshot/reading.ts';
import type { Builder } from '../builder.ts';
import type { View } from '../context.ts';
import { content, mostUnlisted } from '../extension.ts';

const longestName = 128;

export type UnlistedRef = ReturnType<typeof defineUnlisted>;

export function defineUnlisted(builder: Builder) {
  return builder.objectRef<UnnamedValue>('UnlistedCounter').implement({
    extensions: content,
    description:
      'A number that the source reports by name and that is not in the catalogue. Its meaning is not known.',
    fields: (t) => ({
      name: t.exposeString('name', {
        nullable: false,
        description:
          'Its name in the source: the name of a line of the Linux driver, or of a Windows property.',
      }),
      value: t.expose('value', {
        type: 'UInt64',
        nullable: false,
        description: 'The number that the source reports.',
      }),
    }),
  });
}

export const unlistedDescription =
  'Numbers that the source reports by name and that are not in the catalogue, such as counters of a newer kernel or Windows: at most 512, with names of at most 128 characters. Empty if the source has pages, whose unknown groups are in `page.groups`.';

/** The unlisted numbers of an object, in source order. Throws if the object cannot be read. */
export function unlistedOf(view: View, name: Granted): readonly UnnamedValue[] | null {
  const reading = valueOf(view.reader.reading(grantedWithUnlisted(name)));
  if (reading === null) return null;
  return (reading.unnamed?.() ?? []).filter((each) => each.name.length <= longestName).slice(0, mostUnlisted);
}
