/** Examines a Windows machine: PowerShell, and the performance classes of Hyper-V's hypervisor. */
import { HvqlError, UsageError } from '../../../errors.ts';
import { hypervisorName } from '../../../snapshot/object-name.ts';
import type { Topology } from '../../../snapshot/topology.ts';
import type { Source } from '../../../source/source.ts';
import { formatCount } from '../../format.ts';
import type { Diagnosis, DoctorContext, Finding } from './diagnosis.ts';

const longestExamination = 60_000;
/** The maximum number of partitions that are listed by name. */
const namedPartitions = 20;
const needs =
  'this needs Windows PowerShell 5.1, the role Hyper-V (Install-WindowsFeature Hyper-V -Restart), and an account that is ' +
  'an administrator or among the Performance Monitor Users';

/** Opens the source, and reads the topology. */
export async function examineWindows(context: DoctorContext): Promise<Diagnosis> {
  const { clock, platform, signal, windowsSource } = context;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(longestExamination)]);
  try {
    const source = await context.openSource(windowsSource, { clock, platform });
    try {
      return { findings: await readSource(source, limited), source: windowsSource };
    } finally {
      await source.close();
    }
  } catch (thrown) {
    return { findings: [...problemsOf(thrown, limited)], source: null };
  }
}

async function readSource(source: Source, signal: AbortSignal): Promise<Finding[]> {
  const topology = await source.topology(signal);
  const [hypervisor] = (await source.read([hypervisorName], signal)).outcomes;
  const { logicalProcessors, partitions } = topology;
  const counted = `${formatCount(logicalProcessors.length, 'logical processor')} and ${formatCount(partitions.length, 'partition')}`;
  const unread = [hypervisor, topology.listError, ...partitions.map(({ listError }) => listError)].filter(
    (outcome) => outcome instanceof HvqlError,
  );
  return [
    { isWell: true, text: 'PowerShell runs, and answers.' },
    { isWell: true, text: `Windows counts for a hypervisor: ${counted}.` },
    ...partitionFindings(topology),
    ...Array.from(new Set(unread.map(({ message }) => message)), (text) => ({ isWell: false, text })),
  ];
}

/** Ids are derived from names; doctor shows them to the operator. */
function partitionFindings({ partitions }: Topology): Finding[] {
  const shown = partitions.slice(0, namedPartitions).map(({ id, name, virtualProcessors }) => ({
    isWell: true,
    text: `partition ${id} is ${name ?? 'without a name'}, with ${formatCount(virtualProcessors.length, 'virtual processor')}`,
  }));
  const left = partitions.length - shown.length;
  return left > 0 ? [...shown, { isWell: true, text: `and ${formatCount(left, 'partition')} more` }] : shown;
}

function problemsOf(thrown: unknown, signal: AbortSignal): Finding[] {
  if (signal.aborted) return [{ isWell: false, text: 'Windows did not respond in time.', remedy: needs }];
  if (thrown instanceof UsageError) return thrown.problems.map((text) => ({ isWell: false, text }));
  if (!(thrown instanceof HvqlError)) throw thrown;
  const reason = thrown.cause instanceof Error ? ` ${thrown.cause.message}` : '';
  return [{ isWell: false, text: `${thrown.message}${reason}`, remedy: needs }];
}
