/** Settings of a Linux host, as they are written on the command line. */
import { UsageError } from '../../errors.ts';
import { parsePartitionId } from '../../snapshot/object-name.ts';
import type { SourceText } from '../source-text.ts';

/** The settings of a Linux host. */
export interface MshvSettings {
  /** The driver's folder. */
  readonly folder: string;
  /** The id of the partition that the driver calls "self". */
  readonly selfId: bigint;
}

/** The driver's folder, at the usual mount point of debugfs. */
export const driverFolder = '/sys/kernel/debug/mshv';
/** The hypervisor assigns ids, so no child has the root's id. Other sources without a manifest also call the root 1. */
const usualSelfId = 1n;

/** Parses `mshv`, `mshv:<folder>` and `?self=<id>`. Throws a UsageError that lists all mistakes. */
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
