import { counterRows } from './counter.ts';

/**
 * The hypervisor's own counters: gauges of the whole machine, for the root partition only.
 * Names, indexes and types: the public page "Hypervisor Statistics Counter Definition" (build date 11/16/2013); of
 * release 2026 the Linux driver, drivers/hv/mshv_debugfs_counters.c, whose slots on x86-64 are those of the page.
 */
// prettier-ignore
export const hypervisorCounters = counterRows('HYPERVISOR', [
  { group: 'HCA', index: 1, field: 'logicalProcessors', title: 'Logical processors', kind: 'GAUGE', unit: '1',
    linux: 'HvLogicalProcessors', windows: ['LogicalProcessors'], simulated: ['logicalProcessors', 1],
    description: 'How many logical processors the hypervisor runs on.' },
  { group: 'HCA', index: 2, field: 'partitions', title: 'Partitions', kind: 'GAUGE', unit: '1',
    linux: 'HvPartitions', windows: ['Partitions'], simulated: ['partitions', 1],
    description: 'How many partitions exist, the root partition among them.' },
  { group: 'HCA', index: 3, field: 'totalPages', title: 'Total pages', kind: 'GAUGE', unit: 'page',
    linux: 'HvTotalPages', windows: ['TotalPages'], simulated: ['memory', 0.011],
    description: 'How many pages of memory the hypervisor itself uses, from its start-up and from later deposits.' },
  { group: 'HCA', index: 4, field: 'virtualProcessors', title: 'Virtual processors', kind: 'GAUGE', unit: '1',
    linux: 'HvVirtualProcessors', windows: ['VirtualProcessors'], simulated: ['virtualProcessors', 1],
    description: 'How many virtual processors exist in all partitions together.' },
  { group: 'HCA', index: 5, field: 'monitoredNotifications', title: 'Monitored notifications', kind: 'GAUGE', unit: '1',
    linux: 'HvMonitoredNotifications', windows: ['MonitoredNotifications'], simulated: ['partitions', 4],
    description: 'How many monitored notifications are registered, by which partitions signal each other without a hypercall.' },
  { group: 'HCA', index: 6, field: 'modernStandbyEntries', release: 2026, kind: 'RAW', unit: '1',
    linux: 'HvModernStandbyEntries', windows: ['ModernStandbyEntries'],
    description: 'Times the machine went into modern standby, its idle state with the lowest power consumption.' },
  { group: 'HCA', index: 7, field: 'platformIdleTransitions', release: 2026, kind: 'RAW', unit: '1',
    linux: 'HvPlatformIdleTransitions', windows: ['PlatformIdleTransitions'],
    description: 'Idle transitions of the platform as a whole; between which states is not documented.' },
  { group: 'HCA', index: 8, field: 'hypervisorStartupCost', release: 2026, kind: 'RAW', unit: 'unknown',
    linux: 'HvHypervisorStartupCost', windows: ['HypervisorStartupCost'],
    description: 'What it cost to start the hypervisor; its unit is not documented.' },
  { group: 'HVV', index: 1, field: 'ioSpacePages', release: 2026, kind: 'RAW', unit: 'page',
    linux: 'HvIOSpacePages', windows: [],
    description: 'Pages of I/O space; which ones is not documented.' },
  { group: 'HVV', index: 2, field: 'nonEssentialPagesForDump', release: 2026, kind: 'RAW', unit: 'page',
    linux: 'HvNonEssentialPagesForDump', windows: [],
    description: 'Pages that a dump can do without; which ones is not documented.' },
  { group: 'HVV', index: 3, field: 'subsumedPages', release: 2026, kind: 'RAW', unit: 'page',
    linux: 'HvSubsumedPages', windows: [] },
]);
