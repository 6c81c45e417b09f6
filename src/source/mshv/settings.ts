/** How a Linux host is named, as the command line says it. */
import { UsageError } from '../../errors.ts';
import { parsePartitionId } from '../../snapshot/object-name.ts';
import type { SourceText } from '../source-text.ts';

/** Which host, and what it is. */
export interface MshvSettings {
  /** The folder of the driver. */
  readonly folder: string;
  /** The id of the own partition, where the driver calls that "self". */
  readonly selfId: bigint;
}

/** Where debugfs is mounted everywhere, and the driver's folder in it. */
export const driverFolder = '/sys/kernel/debug/mshv';
/** Ids are the hypervisor's, so no child has the root's; and without a manifest partition 1 is the root elsewhere. */
const usualSelfId = 1n;

/** Reads `mshv`, `mshv:<folder>` and `?self=<id>`. Throws a UsageError with all mistakes. */
export function mshvSettings({ place, options }: SourceText): MshvSettings {
  const problems: string[] = [];
  if (place === '') {
    problems.push(`mshv: needs a folder after the colon; for ${driverFolder} leave the colon out.`);
  }
  for (const name of new Set(options.keys())) {
    const count = options.getAll(name).length;
    if (name !== 'self') problems.push(`mshv: there is no option "${name}"; there is self.`);
    else if (count > 1) problems.push(`mshv: self is given ${count} times; once is needed.`);
  }
  const self = options.get('self');
  const selfId = self === null ? usualSelfId : parsePartitionId(self);
  if (selfId === null) {
    problems.push(`mshv: self must be the id of the own partition, from 1, but is "${String(self)}".`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { folder: place ?? driverFolder, selfId: selfId ?? usualSelfId };
}

/** The settings as they are written on the command line. */
export function describeMshv({ folder, selfId }: MshvSettings): string {
  return `mshv:${folder}${selfId === usualSelfId ? '' : `?self=${selfId}`}`;
}
