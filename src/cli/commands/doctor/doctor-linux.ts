/** Examines a Linux machine: in the root partition, Linux publishes the hypervisor's statistics under debugfs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readLines } from '../../../source/mshv/stats-lines.ts';
import { systemErrorCode, systemErrorReason } from '../../../lib/system-error.ts';
import { formatCount } from '../../format.ts';
import type { Diagnosis, Finding } from './diagnosis.ts';

const usualMount = '/sys/kernel/debug';
const driver = 'the mshv driver of the Linux kernel';

/** Examines the files of the machine, and reads one file of statistics. `root` is prepended to every path. */
export function examineLinux(root: string): Diagnosis {
  const findings = [...findHypervisor(root), findDriver(root)];
  const mount = debugfsMount(root);
  findings.push(
    mount === null
      ? {
          isWell: false,
          text: 'debugfs is not mounted.',
          remedy: `mount -t debugfs none ${usualMount}`,
        }
      : { isWell: true, text: `debugfs is mounted at ${mount}.` },
  );
  if (mount === null) return { findings, source: null };
  const folder = `${mount}/mshv`;
  const statistics = readStatistics(root, folder);
  const source = mount === usualMount ? 'mshv' : `mshv:${folder}`;
  return { findings: [...findings, statistics], source: statistics.isWell ? source : null };
}

function findHypervisor(root: string): Finding[] {
  const flags = /^flags\s*:(.*)$/m.exec(textOf(`${root}/proc/cpuinfo`))?.[1]?.split(/\s+/);
  const type = textOf(`${root}/sys/hypervisor/type`).trim();
  const findings: Finding[] = [];
  // Other architectures have no such flag, so its absence is not a finding there.
  if (flags?.includes('hypervisor') === true) {
    findings.push({ isWell: true, text: 'A hypervisor runs below this Linux (/proc/cpuinfo).' });
  } else if (flags !== undefined) {
    const text = 'No hypervisor runs below this Linux (/proc/cpuinfo has no flag "hypervisor").';
    findings.push({
      isWell: false,
      text,
      remedy: 'start the machine with the hypervisor, and Linux in its root partition',
    });
  }
  if (type !== '') {
    const text = `The hypervisor is ${type} (/sys/hypervisor/type), which is not of the Hyper-V family.`;
    findings.push({ isWell: false, text });
  }
  return findings;
}

function findDriver(root: string): Finding {
  if (existsSync(`${root}/dev/mshv`)) return { isWell: true, text: `/dev/mshv is there: ${driver} runs.` };
  return {
    isWell: false,
    text: `/dev/mshv is not there: ${driver} does not run.`,
    remedy: 'only a root partition, or a guest that may create guests (L1VH), has it: modprobe mshv_root',
  };
}

/** The mount point of debugfs; null if it is not mounted. */
function debugfsMount(root: string): string | null {
  const mounts = textOf(`${root}/proc/mounts`)
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'debugfs')
    .map(([, place = '']) => place);
  return mounts.includes(usualMount) ? usualMount : (mounts[0] ?? null);
}

/** Checks whether a file of statistics can be read. Which files exist depends on the rights of this partition. */
function readStatistics(root: string, folder: string): Finding {
  try {
    const partitions = readdirSync(`${root}${folder}/partition`);
    const logicalProcessors = existsSync(`${root}${folder}/lp`) ? readdirSync(`${root}${folder}/lp`) : [];
    const places = ['stats', ...partitions.map((id) => `partition/${id}/stats`)];
    const place = places.find((each) => existsSync(`${root}${folder}/${each}`));
    if (place === undefined) return { isWell: false, text: `${folder} has no file of statistics.` };
    const { layout } = readLines({
      object: place === 'stats' ? 'HYPERVISOR' : 'PARTITION',
      bytes: readFileSync(`${root}${folder}/${place}`),
    });
    if (!layout.isOfStatistics)
      return {
        isWell: false,
        text: `${folder}/${place} has no counter in it, as ${driver} prints them.`,
      };
    const all = `${formatCount(logicalProcessors.length, 'logical processor')} and ${formatCount(partitions.length, 'partition')}`;
    return {
      isWell: true,
      text: `${folder} can be read: ${formatCount(layout.headEnds.length, 'counter')} in ${place}, ${all}.`,
    };
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === undefined) throw thrown;
    return {
      isWell: false,
      text: `${folder} cannot be read: ${systemErrorReason(thrown)}.`,
      ...remedyFor(code, root),
    };
  }
}

function remedyFor(code: string, root: string): Pick<Finding, 'remedy'> {
  if (code === 'EPERM') {
    const level = /\[(\w+)\]/.exec(textOf(`${root}/sys/kernel/security/lockdown`))?.[1] ?? 'unknown';
    return {
      remedy:
        `kernel lockdown (here: ${level}) keeps debugfs from root as well: ` +
        'start the kernel without lockdown=, and without Secure Boot where that turns it on',
    };
  }
  if (code === 'EACCES')
    return { remedy: 'run hvql as root, or with CAP_DAC_READ_SEARCH as packaging/hvql.service does' };
  if (code === 'ENOENT')
    return {
      remedy: 'use a kernel whose mshv driver publishes statistics, built with CONFIG_DEBUG_FS',
    };
  return {};
}

/** The text of a file; '' if it cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return '';
  }
}
