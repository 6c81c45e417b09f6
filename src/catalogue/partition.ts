import { counterRows } from './counter.ts';

/**
 * The counters of a partition, for itself and its parent.
 * Names, indexes and types: the public page "Hypervisor Statistics Counter Definition" (build date 11/16/2013).
 */
// prettier-ignore
export const partitionCounters = counterRows('PARTITION', [
  { group: 'PA', index: 1, field: 'virtualProcessors', title: 'Virtual processors', kind: 'GAUGE', unit: '1',
    linux: 'PtVirtualProcessors', windows: ['VirtualProcessors'], simulated: ['virtualProcessors', 1],
    description: 'How many virtual processors the partition has.' },
  { group: 'PV', index: 1, field: 'virtualTlbPages', title: 'Virtual TLB Pages', kind: 'GAUGE', unit: 'page',
    linux: 'PtTlbSize', windows: ['VirtualTLBPages'], simulated: ['virtualProcessors', 224],
    description: "Pages in which the hypervisor holds the partition's virtual TLB, its shadow of the guest's address translations." },
  { group: 'PV', index: 2, field: 'addressSpaces', title: 'Address spaces', kind: 'GAUGE', unit: '1',
    linux: 'PtAddressSpaces', windows: ['AddressSpaces'], simulated: ['virtualProcessors', 9],
    description: "How many address spaces the partition's virtual TLB holds." },
  { group: 'PV', index: 3, field: 'depositedPages', title: 'Deposited pages', kind: 'GAUGE', unit: 'page',
    linux: 'PtDepositedPages', windows: ['DepositedPages'], simulated: ['memory', 0.006],
    description: "Pages that the partition has been given for the hypervisor's bookkeeping about it." },
  { group: 'PV', index: 4, field: 'gpaPages', title: 'GPA pages', kind: 'GAUGE', unit: 'page',
    linux: 'PtGpaPages', windows: ['GPAPages'], simulated: ['memory', 1],
    description: "Pages of memory that the partition's guest physical address space holds; 0 for the root partition." },
  { group: 'PV', index: 5, field: 'gpaSpaceModifications', title: 'GPA space modifications/sec', kind: 'COUNT', unit: '1',
    linux: 'PtGpaSpaceModifications', windows: ['GPASpaceModificationsPersec'], simulated: ['run', 38],
    description: "Changes to the partition's guest physical address space, such as mapped or unmapped ranges." },
  { group: 'PV', index: 6, field: 'virtualTlbFlushEntries', title: 'Virtual TLB flush entries/sec', kind: 'COUNT', unit: '1',
    linux: 'PtVirtualTlbFlushEntires', windows: ['VirtualTLBFlushEntiresPersec'], simulated: ['run', 52],
    description: "Times the partition's virtual TLB was flushed as a whole." },
  { group: 'PV', index: 7, field: 'recommendedVirtualTlbSize', title: 'Recommended virtual TLB size', kind: 'GAUGE', unit: 'page',
    linux: 'PtRecommendedTlbSize', windows: ['RecommendedVirtualTLBSize'], simulated: ['virtualProcessors', 256],
    description: "Pages that the hypervisor recommends to deposit for the partition's virtual TLB." },
]);
