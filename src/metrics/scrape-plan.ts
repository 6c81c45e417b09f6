/** What one scrape reads: the objects of the selected kinds that its caller may read. */
import type { Access, Granted, GrantedPartition } from '../access/access.ts';
import { AccessDenied } from '../access/rule.ts';
import { statisticsObjects, type StatisticsObject } from '../catalogue/group.ts';
import { HvqlError } from '../errors.ts';
import type { Limits } from '../graph/context.ts';
import { ReadPlan } from '../sampling/read/snapshot-reader.ts';
import type { ConstantBytes } from '../writer/byte-sink.ts';
import { identityLabels } from './label.ts';
import type { MetricFamily } from './metric-family.ts';
import type { MetricSelection } from './selection.ts';

/** Objects of one kind, and the families of their samples. */
export interface PlannedKind {
  readonly families: readonly MetricFamily[];
  readonly objects: readonly Granted[];
  /** In the order of the objects. */
  readonly labels: readonly ConstantBytes[];
}

/** Whether the processors of a partition, or of the hypervisor, could be listed. */
export interface Listing {
  /** The labels: `{partition="5"} `; a space for logical processors. */
  readonly labels: string;
  readonly isListed: boolean;
}

/** A scrape with equal rights over an unchanged topology: planned once. */
export interface ScrapePlan {
  readonly kinds: readonly PlannedKind[];
  /** The partitions whose names are given. */
  readonly partitions: readonly GrantedPartition[];
  readonly listings: readonly Listing[];
  readonly reads: ReadPlan;
  /** The maximum number of samples that it writes. */
  readonly values: number;
  /** The kinds that the request names and the caller may not read. */
  readonly denied: readonly AccessDenied[];
  /** Why the scrape is rejected; null if it may run. */
  readonly problem: HvqlError | null;
}

/** Plans a scrape. The access rules are those of GraphQL: `access` returns the names, or throws. */
export function planScrape(
  access: Access,
  {
    selection,
    limits,
  }: { readonly selection: MetricSelection; readonly limits: Pick<Limits, 'maxValues' | 'maxPages'> },
): ScrapePlan {
  const denied: AccessDenied[] = [];
  const listings: Listing[] = [];
  const found = statisticsObjects.flatMap((object) => {
    const families = selection.families.get(object);
    if (families === undefined) return [];
    try {
      return [{ object, families, objects: objectsOf(object, { access, listings }) }];
    } catch (thrown) {
      if (!(thrown instanceof AccessDenied)) throw thrown;
      if (selection.named.includes(object)) denied.push(thrown);
      return [];
    }
  });
  const hasPartitions = found.some(({ object }) => object === 'PARTITION' || object === 'VIRTUAL_PROCESSOR');
  const partitions = hasPartitions ? access.partitions() : [];
  const pages = found.reduce((sum, { objects }) => sum + objects.length, 0);
  const counters = found.reduce((sum, { objects, families }) => sum + objects.length * families.length, 0);
  const values = counters + pages + partitions.length + listings.length;
  const [firstDenied] = denied;
  const problem =
    firstDenied !== undefined && found.length === 0 ? firstDenied : costProblem({ values, pages }, limits);
  const kinds =
    problem !== null
      ? []
      : found.map(({ families, objects }) => ({ families, objects, labels: objects.map(identityLabels) }));
  const objects = kinds.flatMap((kind) => kind.objects);
  const reads = new ReadPlan(objects.map((object) => ({ object, over: null })));
  return { kinds, partitions, listings, reads, values, denied, problem };
}

/** The objects of one kind that the caller may read. Throws AccessDenied if it may read none of a global kind. */
function objectsOf(
  object: StatisticsObject,
  { access, listings }: { access: Access; listings: Listing[] },
): readonly Granted[] {
  switch (object) {
    case 'HYPERVISOR':
      return [access.hypervisor()];
    case 'LOGICAL_PROCESSOR':
      return listed({ labels: ' ', list: () => access.logicalProcessors(), listings });
    case 'PARTITION':
      return access.partitions().map(({ name }) => name);
    case 'VIRTUAL_PROCESSOR':
      return access.partitions().flatMap((partition) =>
        listed({
          labels: `{partition="${partition.entry.id}"} `,
          list: () => access.virtualProcessors(partition),
          listings,
        }),
      );
  }
}

/** The list; empty if it could not be read, which the listings report. */
function listed({
  labels,
  list,
  listings,
}: {
  labels: string;
  list: () => readonly Granted[];
  listings: Listing[];
}): readonly Granted[] {
  try {
    const names = list();
    listings.push({ labels, isListed: true });
    return names;
  } catch (thrown) {
    if (!(thrown instanceof HvqlError) || thrown instanceof AccessDenied) throw thrown;
    listings.push({ labels, isListed: false });
    return [];
  }
}

/** LIMIT_EXCEEDED for more samples or pages than a response may have. */
function costProblem(
  { values, pages }: { values: number; pages: number },
  { maxValues, maxPages }: Pick<Limits, 'maxValues' | 'maxPages'>,
): HvqlError | null {
  const advice = 'select fewer with the parameters "object" and "counter".';
  if (values > maxValues)
    return new HvqlError(
      'LIMIT_EXCEEDED',
      `The response would have ${values} samples, but at most ${maxValues} are allowed: ${advice}`,
      { limit: maxValues, actual: values },
    );
  if (pages > maxPages)
    return new HvqlError(
      'LIMIT_EXCEEDED',
      `The scrape would read ${pages} overlay pages, but at most ${maxPages} are allowed: ${advice}`,
      { limit: maxPages, actual: pages },
    );
  return null;
}
