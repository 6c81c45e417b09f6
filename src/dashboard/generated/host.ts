// Made from the schema, the catalogue and the documents: npm run generate
/* eslint-disable */
import type { CounterTemplate, PersistedDocument } from '../connection/document.ts';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** What kind of number a counter is. */
export type CounterKind =
  /** The hypervisor's clock. It has no rate. */
  | 'CLOCK'
  /** A running total of time spent on operations. Its rate is nanoseconds per operation. */
  | 'COST'
  /** A running total of events. Its rate is per second. */
  | 'COUNT'
  /** A level, which can rise and fall. It has no rate. */
  | 'GAUGE'
  /** A number whose kind is not documented. It is in counters only and has no rate. */
  | 'RAW'
  /** A running total of time. Its rate is the percentage of the elapsed time. */
  | 'TIME';

/** A view of a counter. */
export type CounterView =
  /** Its increase between two readings. */
  | 'DELTA'
  /** Its rate between two readings. */
  | 'RATE'
  /** Its value. */
  | 'VALUE';

/** The sort direction. */
export type OrderDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** One value for each counter. */
export type PartitionCounter =
  /** How many address spaces the partition's virtual TLB holds. */
  | 'ADDRESS_SPACES'
  /** How many devices are attached to the partition. */
  | 'ATTACHED_DEVICES'
  /** PtAutoSuspendDisableTime of the Linux driver; what it counts is not documented. */
  | 'AUTO_SUSPEND_DISABLE_TIME'
  /** PtAutoSuspendEnableTime of the Linux driver; what it counts is not documented. */
  | 'AUTO_SUSPEND_ENABLE_TIME'
  /** PtAutoSuspendTriggerTime of the Linux driver; what it counts is not documented. */
  | 'AUTO_SUSPEND_TRIGGER_TIME'
  /** Pages that the partition has been given for the hypervisor's bookkeeping about it. */
  | 'DEPOSITED_PAGES'
  /** Memory accesses of the partition's devices that ended in an error. */
  | 'DEVICE_DMA_ERRORS'
  /** Interrupts of the partition's devices that ended in an error. */
  | 'DEVICE_INTERRUPT_ERRORS'
  /** How many interrupt mappings the devices of the partition have. */
  | 'DEVICE_INTERRUPT_MAPPINGS'
  /** Times an interrupt of one of the partition's devices was throttled for coming too often. */
  | 'DEVICE_INTERRUPT_THROTTLE_EVENTS'
  /** Mappings of 1 GiB in the partition's device address spaces. */
  | 'DEVICE_PAGES1_G'
  /** Mappings of 2 MiB in the partition's device address spaces. */
  | 'DEVICE_PAGES2_M'
  /** Mappings of 4 KiB in the partition's device address spaces. */
  | 'DEVICE_PAGES4_K'
  /** Mappings of 512 GiB in the partition's device address spaces. */
  | 'DEVICE_PAGES512_G'
  /** Pages of memory that the partition's guest physical address space holds; 0 for the root partition. */
  | 'GPA_PAGES'
  /** Mappings of 1 GiB in the partition's guest physical address space. */
  | 'GPA_PAGES1_G'
  /** Mappings of 2 MiB in the partition's guest physical address space. */
  | 'GPA_PAGES2_M'
  /** Mappings of 4 KiB in the partition's guest physical address space. */
  | 'GPA_PAGES4_K'
  /** Mappings of 512 GiB in the partition's guest physical address space. */
  | 'GPA_PAGES512_G'
  /** Changes to the partition's guest physical address space, such as mapped or unmapped ranges. */
  | 'GPA_SPACE_MODIFICATIONS'
  /** The performance that is requested of the hardware for the partition (HWP); its scale is not documented. */
  | 'HWP_REQUEST_VALUE'
  /** PtHypervisorStateTransferGeneration of the Linux driver; what it counts is not documented. */
  | 'HYPERVISOR_STATE_TRANSFER_GENERATION'
  /** Flushes of the I/O TLBs, the address translations of the partition's devices. */
  | 'IO_TLB_FLUSHES'
  /** Time spent on flushes of the I/O TLBs. */
  | 'IO_TLB_FLUSH_COST'
  /** Unused pages of the partition's nested TLB. */
  | 'NESTED_TLB_FREE_LIST_SIZE'
  /** Pages that the hypervisor holds for the nested TLB, the translations of guests that the partition itself runs. */
  | 'NESTED_TLB_SIZE'
  /** Pages taken out of the partition's nested TLB to make it smaller. */
  | 'NESTED_TLB_TRIMMED_PAGES'
  /** How many partitions that are children of this one are active. */
  | 'NUMBER_OF_ACTIVE_CHILD_PARTITIONS'
  /** Times smaller pages were combined into a large one. */
  | 'PAGES_RECOMBINED'
  /** Times a large page was split into smaller ones. */
  | 'PAGES_SHATTERED'
  /** The number by which the hypervisor knows the partition. */
  | 'PARTITION_ID'
  /** Pages that the hypervisor recommends to deposit for the partition's nested TLB. */
  | 'RECOMMENDED_NESTED_TLB_SIZE'
  /** Pages that the hypervisor recommends to deposit for the partition's virtual TLB. */
  | 'RECOMMENDED_VIRTUAL_TLB_SIZE'
  /** Timer ticks that were not delivered to the partition. */
  | 'SKIPPED_TIMER_TICKS'
  /** How many virtual processors the partition has. */
  | 'VIRTUAL_PROCESSORS'
  /** Times the partition's virtual TLB was flushed as a whole. */
  | 'VIRTUAL_TLB_FLUSH_ENTRIES'
  /** Pages in which the hypervisor holds the partition's virtual TLB, its shadow of the guest's address translations. */
  | 'VIRTUAL_TLB_PAGES';

/** A sort order by a counter. Objects whose number is not known come last. Objects with equal numbers are sorted by id and index. */
export type PartitionCounterOrder = {
  /** The view to sort by. Default: RATE if the counter has one, else VALUE. Counters of the kinds GAUGE, CLOCK and RAW have VALUE only. */
  readonly by?: CounterView | null | undefined;
  /** The counter to sort by. */
  readonly counter: PartitionCounter;
  /** The sort direction. */
  readonly direction?: OrderDirection;
  /** The interval of DELTA and RATE, like the argument `over` of deltas and rates, with the same limits. Default: 1s in a query, the time since the previous event in a subscription. A client that polls every five seconds uses 5s here and there, so that no response waits for a second reading. */
  readonly over?: string | null | undefined;
};

/** Selects the partitions for which all given conditions hold. */
export type PartitionFilter = {
  /** Its id is one of these. */
  readonly ids?: ReadonlyArray<string> | null | undefined;
  /** Whether it is the root partition. */
  readonly isRoot?: boolean | null | undefined;
  /** Its name contains this text (case-sensitive). */
  readonly nameContains?: string | null | undefined;
};

/** A sort order of partitions: by their virtual processors, or by a counter of the partition itself. */
export type PartitionOrder =
  {   /** By a counter of the partition itself. */
  readonly partition: PartitionCounterOrder; readonly virtualProcessors?: never; }
  |  { readonly partition?: never;   /** By the numbers in virtualProcessorTotals, except that the RATE of a TIME counter is the sum of the processors' percentages: 4 busy processors come before 1. Partitions without a readable processor come last. */
  readonly virtualProcessors: VirtualProcessorOrder; };

/** Privileges of a partition that concern statistics. */
export type Privilege =
  /** May read statistics as root or as a parent. */
  | 'ACCESS_STATS'
  /** May read its own statistics. */
  | 'ACCESS_STATS_MSR';

/** The kinds of object that have counters. */
export type StatisticsObject =
  /** The hypervisor itself. */
  | 'HYPERVISOR'
  /** One of the machine's processors. */
  | 'LOGICAL_PROCESSOR'
  /** A partition. */
  | 'PARTITION'
  /** A virtual processor of a partition. */
  | 'VIRTUAL_PROCESSOR';

/** One value for each counter. */
export type VirtualProcessorCounter =
  /** Flushes of the whole virtual TLB that the guest asked for. */
  | 'ADDRESS_DOMAIN_FLUSHES'
  /** Address spaces evicted from the virtual TLB to make room. */
  | 'ADDRESS_SPACE_EVICTIONS'
  /** Flushes of one address space that the guest asked for. */
  | 'ADDRESS_SPACE_FLUSHES'
  /** Times the guest changed from one address space to another. */
  | 'ADDRESS_SPACE_SWITCHES'
  /** Writes of the APIC's end-of-interrupt register by the guest. */
  | 'APIC_EOI_ACCESSES'
  /** Inter-processor interrupts sent through the APIC, those to itself included. */
  | 'APIC_IPIS_SENT'
  /** Accesses to the APIC's registers through memory. */
  | 'APIC_MMIO_ACCESSES'
  /** Interrupts that the virtual processor sent to itself through the APIC. */
  | 'APIC_SELF_IPIS_SENT'
  /** Accesses to the APIC's task priority register. */
  | 'APIC_TPR_ACCESSES'
  /** Times the guest locked the whole bus, as an atomic access across cache lines does. */
  | 'BUS_LOCK_ACQUISITIONS'
  /** VpContentionTime of the Linux driver; what it counts is not documented. */
  | 'CONTENTION_TIME'
  /** Reads and writes of control registers by the guest. */
  | 'CONTROL_REGISTER_ACCESSES'
  /** Time spent on accesses to control registers. */
  | 'CONTROL_REGISTER_ACCESSES_COST'
  /** Accesses to control registers that were forwarded to the hypervisor that the guest itself runs. */
  | 'CONTROL_REGISTER_ACCESSES_FORWARDED'
  /** Time spent on forwarding accesses to control registers to the hypervisor that the guest itself runs. */
  | 'CONTROL_REGISTER_ACCESSES_FORWARDING_COST'
  /** CPUID instructions, by which the guest asks what the processor can do. */
  | 'CPUID_INSTRUCTIONS'
  /** Time spent on CPUID instructions. */
  | 'CPUID_INSTRUCTIONS_COST'
  /** CPUID instructions that were forwarded to the hypervisor that the guest itself runs. */
  | 'CPUID_INSTRUCTIONS_FORWARDED'
  /** Time spent on forwarding CPUID instructions to the hypervisor that the guest itself runs. */
  | 'CPUID_INSTRUCTIONS_FORWARDING_COST'
  /** Hypercalls about groups of processors. */
  | 'CPU_GROUP_HYPERCALLS'
  /** Reads and writes of debug registers by the guest. */
  | 'DEBUG_REGISTER_ACCESSES'
  /** Time spent on accesses to debug registers. */
  | 'DEBUG_REGISTER_ACCESSES_COST'
  /** Accesses to debug registers that were forwarded to the hypervisor that the guest itself runs. */
  | 'DEBUG_REGISTER_ACCESSES_FORWARDED'
  /** Time spent on forwarding accesses to debug registers to the hypervisor that the guest itself runs. */
  | 'DEBUG_REGISTER_ACCESSES_FORWARDING_COST'
  /** Hypercalls about deposits of memory for the hypervisor. */
  | 'DEPOSIT_HYPERCALLS'
  /** Hypercalls about the domains of devices. */
  | 'DEVICE_DOMAIN_HYPERCALLS'
  /** VpEmulatedErrataSvmInstructions of the Linux driver; what it counts is not documented. */
  | 'EMULATED_ERRATA_SVM_INSTRUCTIONS'
  /** Instructions of the guest that the hypervisor emulated. */
  | 'EMULATED_INSTRUCTIONS'
  /** Time spent on emulating instructions of the guest. */
  | 'EMULATED_INSTRUCTIONS_COST'
  /** Emulated instructions that were forwarded to the hypervisor that the guest itself runs. */
  | 'EMULATED_INSTRUCTIONS_FORWARDED'
  /** Time spent on forwarding emulated instructions to the hypervisor that the guest itself runs. */
  | 'EMULATED_INSTRUCTIONS_FORWARDING_COST'
  /** Hypercalls about the hypervisor's event log. */
  | 'EVENT_LOG_HYPERCALLS'
  /** VpExpressSchedulingAttempts of the Linux driver; what it counts is not documented. */
  | 'EXPRESS_SCHEDULING_ATTEMPTS'
  /** VpExpressSchedulingCount of the Linux driver; what it counts is not documented. */
  | 'EXPRESS_SCHEDULING_COUNT'
  /** Extended hypercalls of the guest, which its parent partition handles. */
  | 'EXTENDED_HYPERCALLS'
  /** Messages to the parent partition about extended hypercalls. */
  | 'EXTENDED_HYPERCALL_INTERCEPT_MESSAGES'
  /** Interrupts from outside that arrived while the virtual processor's guest code ran. */
  | 'EXTERNAL_INTERRUPTS'
  /** Time spent on interrupts from outside. */
  | 'EXTERNAL_INTERRUPTS_COST'
  /** Interrupts from outside that were forwarded to the hypervisor that the guest itself runs. */
  | 'EXTERNAL_INTERRUPTS_FORWARDED'
  /** Time spent on forwarding interrupts from outside to the hypervisor that the guest itself runs. */
  | 'EXTERNAL_INTERRUPTS_FORWARDING_COST'
  /** Hypercalls that flush a list of guest physical addresses. */
  | 'FLUSH_GUEST_PHYSICAL_ADDRESS_LIST_HYPERCALLS'
  /** Hypercalls that flush a guest physical address space. */
  | 'FLUSH_GUEST_PHYSICAL_ADDRESS_SPACE_HYPERCALLS'
  /** STGI and CLGI instructions, which set the global interrupt flag, of the guest's own hypervisor that were emulated. */
  | 'GIF_INSTRUCTION_EMULATIONS'
  /** Time spent on emulating STGI and CLGI instructions. */
  | 'GIF_INSTRUCTION_EMULATION_COST'
  /** Flushes of a range of virtual addresses in all address spaces that the guest asked for. */
  | 'GLOBAL_GVA_RANGE_FLUSHES'
  /** Flushes of all I/O TLBs at once. */
  | 'GLOBAL_IO_TLB_FLUSHES'
  /** Time spent on flushes of all I/O TLBs at once. */
  | 'GLOBAL_IO_TLB_FLUSH_COST'
  /** Hypercalls about guest physical address space. */
  | 'GPA_SPACE_HYPERCALLS'
  /** Times a page of the guest's page tables was mapped. */
  | 'GUEST_PAGE_TABLE_MAPS'
  /** Interrupts of hardware that arrived on the logical processor while the virtual processor ran. */
  | 'HARDWARE_INTERRUPTS'
  /** VpHierarchicalSuspendTime of the Linux driver; what it counts is not documented. */
  | 'HIERARCHICAL_SUSPEND_TIME'
  /** HLT instructions, by which the guest says that it has nothing to do. */
  | 'HLT_INSTRUCTIONS'
  /** Time spent on HLT instructions; the wait that follows is not part of it. */
  | 'HLT_INSTRUCTIONS_COST'
  /** HLT instructions that were forwarded to the hypervisor that the guest itself runs. */
  | 'HLT_INSTRUCTIONS_FORWARDED'
  /** Time spent on forwarding HLT instructions to the hypervisor that the guest itself runs. */
  | 'HLT_INSTRUCTIONS_FORWARDING_COST'
  /** Times dispatching the virtual processor changed the performance that is requested of the hardware (HWP, also CPPC). */
  | 'HWP_REQUEST_CONTEXT_SWITCHES'
  /** Hypercalls, the guest's direct requests to the hypervisor, of every kind. */
  | 'HYPERCALLS'
  /** Time spent on hypercalls. */
  | 'HYPERCALLS_COST'
  /** Hypercalls that were forwarded to the hypervisor that the guest itself runs. */
  | 'HYPERCALLS_FORWARDED'
  /** Time spent on forwarding hypercalls to the hypervisor that the guest itself runs. */
  | 'HYPERCALLS_FORWARDING_COST'
  /** Time in which the hypervisor worked on the virtual processor's behalf; part of the total run time. */
  | 'HYPERVISOR_RUN_TIME'
  /** The processor that would be ideal for the virtual processor; how it is chosen is not documented. */
  | 'IDEAL_CPU'
  /** VpIdleCpuTime of the Linux driver; what it counts is not documented. */
  | 'IDLE_CPU_TIME'
  /** INVEPT instructions for all contexts, of the guest's own hypervisor, that were emulated. */
  | 'INV_EPT_ALL_CONTEXT_EMULATIONS'
  /** Time spent on emulating INVEPT instructions for all contexts. */
  | 'INV_EPT_ALL_CONTEXT_EMULATION_COST'
  /** INVEPT instructions for a single context, of the guest's own hypervisor, that were emulated. */
  | 'INV_EPT_SINGLE_CONTEXT_EMULATIONS'
  /** Time spent on emulating INVEPT instructions for a single context. */
  | 'INV_EPT_SINGLE_CONTEXT_EMULATION_COST'
  /** INVVPID instructions for all contexts, of the guest's own hypervisor, that were emulated. */
  | 'INV_VPID_ALL_CONTEXT_EMULATIONS'
  /** Time spent on emulating INVVPID instructions for all contexts. */
  | 'INV_VPID_ALL_CONTEXT_EMULATION_COST'
  /** INVVPID instructions for a single address, of the guest's own hypervisor, that were emulated. */
  | 'INV_VPID_SINGLE_ADDRESS_EMULATIONS'
  /** Time spent on emulating INVVPID instructions for a single address. */
  | 'INV_VPID_SINGLE_ADDRESS_EMULATION_COST'
  /** INVVPID instructions for a single context, of the guest's own hypervisor, that were emulated. */
  | 'INV_VPID_SINGLE_CONTEXT_EMULATIONS'
  /** Time spent on emulating INVVPID instructions for a single context. */
  | 'INV_VPID_SINGLE_CONTEXT_EMULATION_COST'
  /** Hypercalls about the I/O memory management unit. */
  | 'IOMMU_HYPERCALLS'
  /** IN and OUT instructions, by which the guest accesses the ports of devices. */
  | 'IO_INSTRUCTIONS'
  /** Time spent on IN and OUT instructions. */
  | 'IO_INSTRUCTIONS_COST'
  /** IN and OUT instructions that were forwarded to the hypervisor that the guest itself runs. */
  | 'IO_INSTRUCTIONS_FORWARDED'
  /** Time spent on forwarding IN and OUT instructions to the hypervisor that the guest itself runs. */
  | 'IO_INSTRUCTIONS_FORWARDING_COST'
  /** Messages to the parent partition about accesses to I/O ports that it has to handle. */
  | 'IO_INTERCEPT_MESSAGES'
  /** Virtual TLB misses that were filled with a large page. */
  | 'LARGE_PAGE_TLB_FILLS'
  /** A load average; of what and over what time is not documented. */
  | 'LOAD_AVG'
  /** Flushes of a range of virtual addresses in one address space that the guest asked for. */
  | 'LOCAL_FLUSHED_GVA_RANGES'
  /** Flushes of a single I/O TLB. */
  | 'LOCAL_IO_TLB_FLUSHES'
  /** Time spent on flushes of a single I/O TLB. */
  | 'LOCAL_IO_TLB_FLUSH_COST'
  /** Times the virtual processor was dispatched to a logical processor. */
  | 'LOGICAL_PROCESSOR_DISPATCHES'
  /** Hypercalls about logical processors. */
  | 'LOGICAL_PROCESSOR_HYPERCALLS'
  /** Times the virtual processor continued on another logical processor than before. */
  | 'LOGICAL_PROCESSOR_MIGRATIONS'
  /** Hypercalls by which the guest reports that it has been spinning on a lock for a long time. */
  | 'LONG_SPIN_WAIT_HYPERCALLS'
  /** VpMaximumRunTime of the Linux driver; what it counts is not documented. */
  | 'MAXIMUM_RUN_TIME'
  /** Switches of the second-level page table where mode-based execution control (MBEC) is emulated. */
  | 'MBEC_NESTED_PAGE_TABLE_SWITCHES'
  /** Messages to the parent partition about memory accesses that it has to handle. */
  | 'MEMORY_INTERCEPT_MESSAGES'
  /** Reads and writes of model-specific registers by the guest. */
  | 'MSR_ACCESSES'
  /** Time spent on accesses to model-specific registers. */
  | 'MSR_ACCESSES_COST'
  /** Accesses to model-specific registers that were forwarded to the hypervisor that the guest itself runs. */
  | 'MSR_ACCESSES_FORWARDED'
  /** Time spent on forwarding accesses to model-specific registers to the hypervisor that the guest itself runs. */
  | 'MSR_ACCESSES_FORWARDING_COST'
  /** MWAIT instructions, by which the guest waits for a write to memory. */
  | 'MWAIT_INSTRUCTIONS'
  /** Time spent on MWAIT instructions. */
  | 'MWAIT_INSTRUCTIONS_COST'
  /** MWAIT instructions that were forwarded to the hypervisor that the guest itself runs. */
  | 'MWAIT_INSTRUCTIONS_FORWARDED'
  /** Time spent on forwarding MWAIT instructions to the hypervisor that the guest itself runs. */
  | 'MWAIT_INSTRUCTIONS_FORWARDING_COST'
  /** Intercepts because the second-level translation of guest physical addresses had no entry. */
  | 'NESTED_PAGE_FAULT_INTERCEPTS'
  /** Time spent on intercepts of the second-level translation. */
  | 'NESTED_PAGE_FAULT_INTERCEPTS_COST'
  /** Hard page faults of nested second-level address translation; what sets them apart from the others is not documented. */
  | 'NESTED_SLAT_HARD_PAGE_FAULTS'
  /** Time spent on hard page faults of nested second-level address translation. */
  | 'NESTED_SLAT_HARD_PAGE_FAULTS_COST'
  /** Soft page faults of nested second-level address translation; what sets them apart from the others is not documented. */
  | 'NESTED_SLAT_SOFT_PAGE_FAULTS'
  /** Time spent on soft page faults of nested second-level address translation. */
  | 'NESTED_SLAT_SOFT_PAGE_FAULTS_COST'
  /** Page tables evicted from the nested TLB to make room. */
  | 'NESTED_TLB_PAGE_TABLE_EVICTIONS'
  /** Page tables of the nested TLB that were reclaimed because nothing referred to them. */
  | 'NESTED_TLB_PAGE_TABLE_RECLAMATIONS'
  /** Entries of the guest's own hypervisor into guests of its own. */
  | 'NESTED_VM_ENTRIES'
  /** Time spent on nested entries. */
  | 'NESTED_VM_ENTRIES_COST'
  /** Run time against some norm; which one is not documented. */
  | 'NORMALIZED_RUN_TIME'
  /** Hypercalls of kinds that no other counter counts. */
  | 'OTHER_HYPERCALLS'
  /** Actions of the guest that the hypervisor intercepted and that no other counter counts. */
  | 'OTHER_INTERCEPTS'
  /** Time spent on the intercepts that no other counter counts. */
  | 'OTHER_INTERCEPTS_COST'
  /** Intercepts of other kinds that were forwarded to the hypervisor that the guest itself runs. */
  | 'OTHER_INTERCEPTS_FORWARDED'
  /** Time spent on forwarding intercepts of other kinds to the hypervisor that the guest itself runs. */
  | 'OTHER_INTERCEPTS_FORWARDING_COST'
  /** Messages to the parent partition about intercepts of other kinds. */
  | 'OTHER_MESSAGES'
  /** Exceptions other than page faults that the hypervisor handed on to the guest. */
  | 'OTHER_REFLECTED_GUEST_EXCEPTIONS'
  /** Page faults of the guest that the hypervisor intercepted. */
  | 'PAGE_FAULT_INTERCEPTS'
  /** Time spent on intercepted page faults. */
  | 'PAGE_FAULT_INTERCEPTS_COST'
  /** Intercepted page faults that were forwarded to the hypervisor that the guest itself runs. */
  | 'PAGE_FAULT_INTERCEPTS_FORWARDED'
  /** Time spent on forwarding intercepted page faults to the hypervisor that the guest itself runs. */
  | 'PAGE_FAULT_INTERCEPTS_FORWARDING_COST'
  /** INVLPG instructions, by which the guest drops one address translation. */
  | 'PAGE_INVALIDATIONS'
  /** Time spent on INVLPG instructions. */
  | 'PAGE_INVALIDATIONS_COST'
  /** INVLPG instructions that were forwarded to the hypervisor that the guest itself runs. */
  | 'PAGE_INVALIDATIONS_FORWARDED'
  /** Time spent on forwarding INVLPG instructions to the hypervisor that the guest itself runs. */
  | 'PAGE_INVALIDATIONS_FORWARDING_COST'
  /** Scans of memory pages by the hypervisor. */
  | 'PAGE_SCANS'
  /** Page tables allocated in the virtual TLB. */
  | 'PAGE_TABLE_ALLOCATIONS'
  /** Page tables evicted from the virtual TLB to make room. */
  | 'PAGE_TABLE_EVICTIONS'
  /** Page tables of the virtual TLB that were reclaimed because nothing referred to them. */
  | 'PAGE_TABLE_RECLAMATIONS'
  /** Page tables of the virtual TLB that were reset. */
  | 'PAGE_TABLE_RESETS'
  /** Page tables of the virtual TLB checked in order to remove entries that are no longer valid. */
  | 'PAGE_TABLE_VALIDATIONS'
  /** Writes of the guest to its own page tables that the hypervisor intercepted. */
  | 'PAGE_TABLE_WRITE_INTERCEPTS'
  /** Intercepts because the guest lowered its task priority (TPR) and a waiting interrupt could be delivered. */
  | 'PENDING_INTERRUPTS'
  /** Time spent on intercepts for a lowered task priority. */
  | 'PENDING_INTERRUPTS_COST'
  /** Intercepts for a lowered task priority that were forwarded to the hypervisor that the guest itself runs. */
  | 'PENDING_INTERRUPTS_FORWARDED'
  /** Time spent on forwarding intercepts for a lowered task priority to the hypervisor that the guest itself runs. */
  | 'PENDING_INTERRUPTS_FORWARDING_COST'
  /** Interrupts of performance monitoring delivered to the virtual processor. */
  | 'PERFMON_INTERRUPTS'
  /** Accesses to model-specific registers of Intel Processor Trace. */
  | 'PERFMON_IPT_MSR_ACCESSES'
  /** Accesses to model-specific registers of the last branch records. */
  | 'PERFMON_LBR_MSR_ACCESSES'
  /** Accesses to model-specific registers of the virtual performance monitoring unit. */
  | 'PERFMON_PMU_MSR_ACCESSES'
  /** Notifications that interrupts were posted for the virtual processor. */
  | 'POSTED_INTERRUPT_NOTIFICATIONS'
  /** Scans for interrupts that were posted for the virtual processor. */
  | 'POSTED_INTERRUPT_SCANS'
  /** RDPMC instructions, by which the guest reads performance counters of the processor. */
  | 'RDPMC_INSTRUCTIONS'
  /** Time spent on RDPMC instructions. */
  | 'RDPMC_INSTRUCTIONS_COST'
  /** Page faults that the hypervisor handed on to the guest. */
  | 'REFLECTED_GUEST_PAGE_FAULTS'
  /** Time in which the virtual processor ran on a NUMA node other than its own. */
  | 'REMOTE_NODE_RUN_TIME'
  /** VpRootDispatchThreadBlocked of the Linux driver; what it counts is not documented. */
  | 'ROOT_DISPATCH_THREAD_BLOCKED'
  /** Priority with which the virtual processor is scheduled; its scale is not documented. */
  | 'SCHEDULING_PRIORITY'
  /** Virtual TLB misses that were filled with a 4 KiB page. */
  | 'SMALL_PAGE_TLB_FILLS'
  /** SMC instructions, by which the guest calls the secure monitor. */
  | 'SMC_INSTRUCTIONS'
  /** Time spent on SMC instructions. */
  | 'SMC_INSTRUCTIONS_COST'
  /** Hypercalls of the kind SVM; what that stands for is not documented. */
  | 'SVM_HYPERCALLS'
  /** Synthetic interrupts, those that exist only between partitions and hypervisor, delivered to the virtual processor. */
  | 'SYNTHETIC_INTERRUPTS'
  /** Hypercalls about synthetic interrupts: posting messages, signalling events. */
  | 'SYNTHETIC_INTERRUPT_HYPERCALLS'
  /** Reads and writes of system registers by the guest. */
  | 'SYS_REG_ACCESSES'
  /** Time spent on accesses to system registers. */
  | 'SYS_REG_ACCESSES_COST'
  /** Time in which the core ran for the virtual processor; how time that hardware threads share is split is not documented. */
  | 'TOTAL_CORE_RUN_TIME'
  /** Time in which the virtual processor ran, in its guest or in the hypervisor on its behalf. */
  | 'TOTAL_RUN_TIME'
  /** Interrupts of every kind delivered to the virtual processor, the synthetic ones included. */
  | 'VIRTUAL_INTERRUPTS'
  /** Hypercalls about virtual interrupts. */
  | 'VIRTUAL_INTERRUPT_HYPERCALLS'
  /** Hypercalls about address translation: switching and flushing address spaces. */
  | 'VIRTUAL_MMU_HYPERCALLS'
  /** Hypercalls about virtual processors, such as reading and writing their registers. */
  | 'VIRTUAL_PROCESSOR_HYPERCALLS'
  /** VMCLEAR instructions of the guest's own hypervisor that were emulated. */
  | 'VMCLEAR_EMULATIONS'
  /** Time spent on emulating VMCLEAR instructions. */
  | 'VMCLEAR_EMULATION_COST'
  /** VMLOAD instructions of the guest's own hypervisor that were emulated. */
  | 'VMLOAD_EMULATIONS'
  /** Time spent on emulating VMLOAD instructions. */
  | 'VMLOAD_EMULATION_COST'
  /** VMPTRLD instructions of the guest's own hypervisor that were emulated. */
  | 'VMPTRLD_EMULATIONS'
  /** Time spent on emulating VMPTRLD instructions. */
  | 'VMPTRLD_EMULATION_COST'
  /** VMPTRST instructions of the guest's own hypervisor that were emulated. */
  | 'VMPTRST_EMULATIONS'
  /** Time spent on emulating VMPTRST instructions. */
  | 'VMPTRST_EMULATION_COST'
  /** VMREAD instructions of the guest's own hypervisor that were emulated. */
  | 'VMREAD_EMULATIONS'
  /** Time spent on emulating VMREAD instructions. */
  | 'VMREAD_EMULATION_COST'
  /** VMSAVE instructions of the guest's own hypervisor that were emulated. */
  | 'VMSAVE_EMULATIONS'
  /** Time spent on emulating VMSAVE instructions. */
  | 'VMSAVE_EMULATION_COST'
  /** VMWRITE instructions of the guest's own hypervisor that were emulated. */
  | 'VMWRITE_EMULATIONS'
  /** Time spent on emulating VMWRITE instructions. */
  | 'VMWRITE_EMULATION_COST'
  /** VMXOFF instructions of the guest's own hypervisor that were emulated. */
  | 'VMXOFF_EMULATIONS'
  /** Time spent on emulating VMXOFF instructions. */
  | 'VMXOFF_EMULATION_COST'
  /** VMXON instructions of the guest's own hypervisor that were emulated. */
  | 'VMXON_EMULATIONS'
  /** Time spent on emulating VMXON instructions. */
  | 'VMXON_EMULATION_COST'
  /** Hypercalls about virtual secure mode. */
  | 'VSM_HYPERCALLS'
  /** Times the virtual processor was dispatched at virtual trust level 1. */
  | 'VTL1_DISPATCHES'
  /** Time in which the virtual processor ran at virtual trust level 1. */
  | 'VTL1_RUN_TIME'
  /** Times the virtual processor was dispatched at virtual trust level 2. */
  | 'VTL2_DISPATCHES'
  /** VpVtl2DispatchBucket0 of the Linux driver; what it counts is not documented. */
  | 'VTL2_DISPATCH_BUCKET0'
  /** VpVtl2DispatchBucket1 of the Linux driver; what it counts is not documented. */
  | 'VTL2_DISPATCH_BUCKET1'
  /** VpVtl2DispatchBucket2 of the Linux driver; what it counts is not documented. */
  | 'VTL2_DISPATCH_BUCKET2'
  /** VpVtl2DispatchBucket3 of the Linux driver; what it counts is not documented. */
  | 'VTL2_DISPATCH_BUCKET3'
  /** VpVtl2DispatchBucket4 of the Linux driver; what it counts is not documented. */
  | 'VTL2_DISPATCH_BUCKET4'
  /** VpVtl2DispatchBucket5 of the Linux driver; what it counts is not documented. */
  | 'VTL2_DISPATCH_BUCKET5'
  /** VpVtl2DispatchBucket6 of the Linux driver; what it counts is not documented. */
  | 'VTL2_DISPATCH_BUCKET6'
  /** Time in which the virtual processor ran at virtual trust level 2. */
  | 'VTL2_RUN_TIME'
  /** Time in which the virtual processor was ready to run and waited for a logical processor; its unit is not documented. */
  | 'WAITING_FOR_CPU_TIME'
  /** VpWaitingForCpuTimeBucket0 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET0'
  /** VpWaitingForCpuTimeBucket1 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET1'
  /** VpWaitingForCpuTimeBucket2 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET2'
  /** VpWaitingForCpuTimeBucket3 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET3'
  /** VpWaitingForCpuTimeBucket4 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET4'
  /** VpWaitingForCpuTimeBucket5 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET5'
  /** VpWaitingForCpuTimeBucket6 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET6'
  /** VpWaitingForCpuTimeBucket7 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET7'
  /** VpWaitingForCpuTimeBucket8 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET8'
  /** VpWaitingForCpuTimeBucket9 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET9'
  /** VpWaitingForCpuTimeBucket10 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET10'
  /** VpWaitingForCpuTimeBucket11 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET11'
  /** VpWaitingForCpuTimeBucket12 of the Linux driver; what it counts is not documented. */
  | 'WAITING_FOR_CPU_TIME_BUCKET12'
  /** VpWakeUpTime of the Linux driver; what it counts is not documented. */
  | 'WAKE_UP_TIME';

/** A sort order by a counter. Objects whose number is not known come last. Objects with equal numbers are sorted by id and index. */
export type VirtualProcessorOrder = {
  /** The view to sort by. Default: RATE if the counter has one, else VALUE. Counters of the kinds GAUGE, CLOCK and RAW have VALUE only. */
  readonly by?: CounterView | null | undefined;
  /** The counter to sort by. */
  readonly counter: VirtualProcessorCounter;
  /** The sort direction. */
  readonly direction?: OrderDirection;
  /** The interval of DELTA and RATE, like the argument `over` of deltas and rates, with the same limits. Default: 1s in a query, the time since the previous event in a subscription. A client that polls every five seconds uses 5s here and there, so that no response waits for a second reading. */
  readonly over?: string | null | undefined;
};

export type DefinitionsQueryVariables = Exact<{ [key: string]: never; }>;


export type DefinitionsQuery = { readonly counterDefinitions: ReadonlyArray<{ readonly object: StatisticsObject, readonly field: string, readonly title: string, readonly description: string, readonly unit: string, readonly kind: CounterKind, readonly rateUnit: string | null }> };

export type LogicalProcessorPastQueryVariables = Exact<{
  index: number;
  last: string;
  step?: string | null | undefined;
}>;


export type LogicalProcessorPastQuery = { readonly hypervisor: { readonly logicalProcessor: { readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null, readonly hypervisorRunTime: number | null, readonly hardwareInterrupts: number | null, readonly contextSwitches: number | null, readonly interProcessorInterrupts: number | null, readonly schedulerInterrupts: number | null, readonly timerInterrupts: number | null, readonly interProcessorInterruptsSent: number | null, readonly processorHalts: number | null, readonly contextSwitchTime: number | null, readonly c1Transitions: number | null, readonly c1Time: number | null, readonly c2Transitions: number | null, readonly c2Time: number | null, readonly c3Transitions: number | null, readonly c3Time: number | null, readonly postedInterruptNotifications: number | null, readonly branchPredictorFlushes: number | null, readonly l1DataCacheFlushes: number | null, readonly immediateL1DataCacheFlushes: number | null, readonly mbFlushes: number | null, readonly hwpRequestContextSwitches: number | null, readonly perfmonInterrupts: number | null } | null }> | null } | null } };

export type LogicalProcessorSubscriptionVariables = Exact<{
  index: number;
  every: string;
  over?: string | null | undefined;
}>;


export type LogicalProcessorSubscription = { readonly hypervisor: { readonly logicalProcessor: { readonly id: string, readonly index: number, readonly host: string, readonly sampledAt: string, readonly rates: { readonly totalRunTime: number | null, readonly hypervisorRunTime: number | null, readonly hardwareInterrupts: number | null, readonly contextSwitches: number | null, readonly interProcessorInterrupts: number | null, readonly schedulerInterrupts: number | null, readonly timerInterrupts: number | null, readonly interProcessorInterruptsSent: number | null, readonly processorHalts: number | null, readonly contextSwitchTime: number | null, readonly c1Transitions: number | null, readonly c1Time: number | null, readonly c2Transitions: number | null, readonly c2Time: number | null, readonly c3Transitions: number | null, readonly c3Time: number | null, readonly postedInterruptNotifications: number | null, readonly branchPredictorFlushes: number | null, readonly l1DataCacheFlushes: number | null, readonly immediateL1DataCacheFlushes: number | null, readonly mbFlushes: number | null, readonly hwpRequestContextSwitches: number | null, readonly perfmonInterrupts: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null } };

export type OverviewNowQueryVariables = Exact<{
  over?: string | null | undefined;
  first: number;
  filter?: PartitionFilter | null | undefined;
  orderBy?: PartitionOrder | null | undefined;
}>;


export type OverviewNowQuery = { readonly hypervisor: { readonly id: string, readonly host: string, readonly sampledAt: string, readonly counters: { readonly logicalProcessors: string | null, readonly partitions: string | null, readonly virtualProcessors: string | null, readonly totalPages: string | null } | null, readonly logicalProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly rates: { readonly totalRunTime: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null> | null, readonly partitions: { readonly totalCount: number, readonly nodes: ReadonlyArray<{ readonly id: string, readonly partitionId: string, readonly name: string | null, readonly isRoot: boolean, readonly counters: { readonly gpaPages: string | null } | null, readonly virtualProcessorTotals: { readonly of: number, readonly readable: number, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null, readonly virtualInterrupts: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null }> } | null, readonly virtualProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly host: string, readonly partition: { readonly id: string, readonly partitionId: string, readonly name: string | null }, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null } | null }> | null } };

export type OverviewPastQueryVariables = Exact<{
  last: string;
  step?: string | null | undefined;
}>;


export type OverviewPastQuery = { readonly hypervisor: { readonly logicalProcessors: ReadonlyArray<{ readonly index: number, readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null } | null }> | null } | null> | null } };

export type OverviewSubscriptionVariables = Exact<{
  every: string;
  over?: string | null | undefined;
  first: number;
  filter?: PartitionFilter | null | undefined;
  orderBy?: PartitionOrder | null | undefined;
}>;


export type OverviewSubscription = { readonly hypervisor: { readonly id: string, readonly host: string, readonly sampledAt: string, readonly counters: { readonly logicalProcessors: string | null, readonly partitions: string | null, readonly virtualProcessors: string | null, readonly totalPages: string | null } | null, readonly logicalProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly rates: { readonly totalRunTime: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null> | null, readonly partitions: { readonly totalCount: number, readonly nodes: ReadonlyArray<{ readonly id: string, readonly partitionId: string, readonly name: string | null, readonly isRoot: boolean, readonly counters: { readonly gpaPages: string | null } | null, readonly virtualProcessorTotals: { readonly of: number, readonly readable: number, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null, readonly virtualInterrupts: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null }> } | null, readonly virtualProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly host: string, readonly partition: { readonly id: string, readonly partitionId: string, readonly name: string | null }, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null } | null }> | null } };

export type PartitionPastQueryVariables = Exact<{
  id?: string | null | undefined;
  last: string;
  step?: string | null | undefined;
}>;


export type PartitionPastQuery = { readonly partition: { readonly virtualProcessors: ReadonlyArray<{ readonly index: number, readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null } | null }> | null } | null> | null } | null };

export type PartitionRowsPastQueryVariables = Exact<{
  ids: ReadonlyArray<string>;
  last: string;
  step?: string | null | undefined;
}>;


export type PartitionRowsPastQuery = { readonly hypervisor: { readonly partitions: { readonly nodes: ReadonlyArray<{ readonly partitionId: string, readonly virtualProcessorTotals: { readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null } | null }> | null } | null }> } | null } };

export type PartitionSubscriptionVariables = Exact<{
  id?: string | null | undefined;
  every: string;
  over?: string | null | undefined;
}>;


export type PartitionSubscription = { readonly partition: { readonly id: string, readonly partitionId: string, readonly name: string | null, readonly isRoot: boolean, readonly host: string, readonly sampledAt: string, readonly counters: { readonly virtualTlbPages: string | null, readonly depositedPages: string | null, readonly gpaPages: string | null, readonly recommendedVirtualTlbSize: string | null, readonly gpaPages4K: string | null, readonly gpaPages2M: string | null, readonly gpaPages1G: string | null, readonly gpaPages512G: string | null, readonly devicePages4K: string | null, readonly devicePages2M: string | null, readonly devicePages1G: string | null, readonly devicePages512G: string | null, readonly nestedTlbSize: string | null, readonly recommendedNestedTlbSize: string | null, readonly nestedTlbFreeListSize: string | null } | null, readonly virtualProcessorTotals: { readonly of: number, readonly readable: number, readonly rates: { readonly totalRunTime: number | null, readonly hypervisorRunTime: number | null, readonly hypercallsCost: number | null, readonly hypercalls: number | null, readonly pageInvalidationsCost: number | null, readonly pageInvalidations: number | null, readonly controlRegisterAccessesCost: number | null, readonly controlRegisterAccesses: number | null, readonly ioInstructionsCost: number | null, readonly ioInstructions: number | null, readonly hltInstructionsCost: number | null, readonly hltInstructions: number | null, readonly mwaitInstructionsCost: number | null, readonly mwaitInstructions: number | null, readonly cpuidInstructionsCost: number | null, readonly cpuidInstructions: number | null, readonly msrAccessesCost: number | null, readonly msrAccesses: number | null, readonly otherInterceptsCost: number | null, readonly otherIntercepts: number | null, readonly externalInterruptsCost: number | null, readonly externalInterrupts: number | null, readonly pendingInterruptsCost: number | null, readonly pendingInterrupts: number | null, readonly emulatedInstructionsCost: number | null, readonly emulatedInstructions: number | null, readonly debugRegisterAccessesCost: number | null, readonly debugRegisterAccesses: number | null, readonly pageFaultInterceptsCost: number | null, readonly pageFaultIntercepts: number | null, readonly nestedPageFaultInterceptsCost: number | null, readonly nestedPageFaultIntercepts: number | null, readonly globalIoTlbFlushCost: number | null, readonly globalIoTlbFlushes: number | null, readonly localIoTlbFlushCost: number | null, readonly localIoTlbFlushes: number | null, readonly hypercallsForwardingCost: number | null, readonly hypercallsForwarded: number | null, readonly pageInvalidationsForwardingCost: number | null, readonly pageInvalidationsForwarded: number | null, readonly controlRegisterAccessesForwardingCost: number | null, readonly controlRegisterAccessesForwarded: number | null, readonly ioInstructionsForwardingCost: number | null, readonly ioInstructionsForwarded: number | null, readonly hltInstructionsForwardingCost: number | null, readonly hltInstructionsForwarded: number | null, readonly mwaitInstructionsForwardingCost: number | null, readonly mwaitInstructionsForwarded: number | null, readonly cpuidInstructionsForwardingCost: number | null, readonly cpuidInstructionsForwarded: number | null, readonly msrAccessesForwardingCost: number | null, readonly msrAccessesForwarded: number | null, readonly otherInterceptsForwardingCost: number | null, readonly otherInterceptsForwarded: number | null, readonly externalInterruptsForwardingCost: number | null, readonly externalInterruptsForwarded: number | null, readonly pendingInterruptsForwardingCost: number | null, readonly pendingInterruptsForwarded: number | null, readonly emulatedInstructionsForwardingCost: number | null, readonly emulatedInstructionsForwarded: number | null, readonly debugRegisterAccessesForwardingCost: number | null, readonly debugRegisterAccessesForwarded: number | null, readonly pageFaultInterceptsForwardingCost: number | null, readonly pageFaultInterceptsForwarded: number | null, readonly vmclearEmulationCost: number | null, readonly vmclearEmulations: number | null, readonly vmptrldEmulationCost: number | null, readonly vmptrldEmulations: number | null, readonly vmptrstEmulationCost: number | null, readonly vmptrstEmulations: number | null, readonly vmreadEmulationCost: number | null, readonly vmreadEmulations: number | null, readonly vmwriteEmulationCost: number | null, readonly vmwriteEmulations: number | null, readonly vmxoffEmulationCost: number | null, readonly vmxoffEmulations: number | null, readonly vmxonEmulationCost: number | null, readonly vmxonEmulations: number | null, readonly nestedVmEntriesCost: number | null, readonly nestedVmEntries: number | null, readonly nestedSlatSoftPageFaultsCost: number | null, readonly nestedSlatSoftPageFaults: number | null, readonly nestedSlatHardPageFaultsCost: number | null, readonly nestedSlatHardPageFaults: number | null, readonly invEptAllContextEmulationCost: number | null, readonly invEptAllContextEmulations: number | null, readonly invEptSingleContextEmulationCost: number | null, readonly invEptSingleContextEmulations: number | null, readonly invVpidAllContextEmulationCost: number | null, readonly invVpidAllContextEmulations: number | null, readonly invVpidSingleContextEmulationCost: number | null, readonly invVpidSingleContextEmulations: number | null, readonly invVpidSingleAddressEmulationCost: number | null, readonly invVpidSingleAddressEmulations: number | null, readonly vmloadEmulationCost: number | null, readonly vmloadEmulations: number | null, readonly vmsaveEmulationCost: number | null, readonly vmsaveEmulations: number | null, readonly gifInstructionEmulationCost: number | null, readonly gifInstructionEmulations: number | null, readonly rdpmcInstructionsCost: number | null, readonly rdpmcInstructions: number | null, readonly sysRegAccessesCost: number | null, readonly sysRegAccesses: number | null, readonly smcInstructionsCost: number | null, readonly smcInstructions: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null, readonly virtualProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly rates: { readonly totalRunTime: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null> | null } };

export type ServiceQueryVariables = Exact<{ [key: string]: never; }>;


export type ServiceQuery = { readonly service: { readonly source: { readonly kind: string, readonly isAnswering: boolean | null, readonly lastReadAt: string | null, readonly unreadableLines: string | null }, readonly history: { readonly span: string | null, readonly maxSpan: string, readonly interval: string | null, readonly bytes: string } } };

export type StartQueryVariables = Exact<{ [key: string]: never; }>;


export type StartQuery = { readonly viewer: { readonly isRoot: boolean, readonly partitionId: string, readonly privileges: ReadonlyArray<Privilege> }, readonly service: { readonly version: string, readonly limits: { readonly maxValues: number, readonly minInterval: string } } };

export type DrawHypervisorPastQueryVariables = Exact<{
  last: string;
  step?: string | null | undefined;
}>;


export type DrawHypervisorPastQuery = { readonly hypervisor: { readonly history: ReadonlyArray<{ readonly at: string, readonly counters: { readonly value: string | null } }> | null } };

export type DrawHypervisorSubscriptionVariables = Exact<{
  every: string;
}>;


export type DrawHypervisorSubscription = { readonly hypervisor: { readonly sampledAt: string, readonly counters: { readonly value: string | null } | null } };

export type DrawLogicalProcessorPastQueryVariables = Exact<{
  index: number;
  last: string;
  step?: string | null | undefined;
}>;


export type DrawLogicalProcessorPastQuery = { readonly hypervisor: { readonly logicalProcessor: { readonly history: ReadonlyArray<{ readonly at: string, readonly counters: { readonly value: string | null }, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly rate: number | null } | null }> | null } | null } };

export type DrawLogicalProcessorTotalsPastQueryVariables = Exact<{
  last: string;
  step?: string | null | undefined;
}>;


export type DrawLogicalProcessorTotalsPastQuery = { readonly hypervisor: { readonly logicalProcessorTotals: { readonly history: ReadonlyArray<{ readonly at: string, readonly counters: { readonly value: string | null }, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly rate: number | null } | null }> | null } | null } };

export type DrawLogicalProcessorTotalsSubscriptionVariables = Exact<{
  every: string;
}>;


export type DrawLogicalProcessorTotalsSubscription = { readonly hypervisor: { readonly sampledAt: string, readonly logicalProcessorTotals: { readonly counters: { readonly value: string | null } | null, readonly rates: { readonly rate: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null } };

export type DrawLogicalProcessorSubscriptionVariables = Exact<{
  index: number;
  every: string;
}>;


export type DrawLogicalProcessorSubscription = { readonly hypervisor: { readonly sampledAt: string, readonly logicalProcessor: { readonly counters: { readonly value: string | null } | null, readonly rates: { readonly rate: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null } };

export type DrawPartitionPastQueryVariables = Exact<{
  partition?: string | null | undefined;
  last: string;
  step?: string | null | undefined;
}>;


export type DrawPartitionPastQuery = { readonly partition: { readonly history: ReadonlyArray<{ readonly at: string, readonly counters: { readonly value: string | null }, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly rate: number | null } | null }> | null } | null };

export type DrawPartitionSubscriptionVariables = Exact<{
  partition?: string | null | undefined;
  every: string;
}>;


export type DrawPartitionSubscription = { readonly partition: { readonly sampledAt: string, readonly counters: { readonly value: string | null } | null, readonly rates: { readonly rate: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } };

export type DrawVirtualProcessorTotalsPastQueryVariables = Exact<{
  partition?: string | null | undefined;
  last: string;
  step?: string | null | undefined;
}>;


export type DrawVirtualProcessorTotalsPastQuery = { readonly partition: { readonly virtualProcessorTotals: { readonly history: ReadonlyArray<{ readonly at: string, readonly counters: { readonly value: string | null }, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly rate: number | null } | null }> | null } | null } | null };

export type DrawVirtualProcessorTotalsSubscriptionVariables = Exact<{
  partition?: string | null | undefined;
  every: string;
}>;


export type DrawVirtualProcessorTotalsSubscription = { readonly partition: { readonly sampledAt: string, readonly virtualProcessorTotals: { readonly counters: { readonly value: string | null } | null, readonly rates: { readonly rate: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null } };

export type OverviewPartsFragment = { readonly id: string, readonly host: string, readonly sampledAt: string, readonly counters: { readonly logicalProcessors: string | null, readonly partitions: string | null, readonly virtualProcessors: string | null, readonly totalPages: string | null } | null, readonly logicalProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly rates: { readonly totalRunTime: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null> | null, readonly partitions: { readonly totalCount: number, readonly nodes: ReadonlyArray<{ readonly id: string, readonly partitionId: string, readonly name: string | null, readonly isRoot: boolean, readonly counters: { readonly gpaPages: string | null } | null, readonly virtualProcessorTotals: { readonly of: number, readonly readable: number, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null, readonly virtualInterrupts: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null }> } | null, readonly virtualProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly host: string, readonly partition: { readonly id: string, readonly partitionId: string, readonly name: string | null }, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null } | null }> | null };

export type BusyVirtualProcessorFragment = { readonly id: string, readonly index: number, readonly host: string, readonly partition: { readonly id: string, readonly partitionId: string, readonly name: string | null }, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null } | null };

export type IntervalPartsFragment = { readonly seconds: number, readonly reset: boolean };

export type PartitionRowFragment = { readonly id: string, readonly partitionId: string, readonly name: string | null, readonly isRoot: boolean, readonly counters: { readonly gpaPages: string | null } | null, readonly virtualProcessorTotals: { readonly of: number, readonly readable: number, readonly rates: { readonly totalRunTime: number | null, readonly hypercalls: number | null, readonly virtualInterrupts: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null };

export type PartitionPartsFragment = { readonly id: string, readonly partitionId: string, readonly name: string | null, readonly isRoot: boolean, readonly host: string, readonly sampledAt: string, readonly counters: { readonly virtualTlbPages: string | null, readonly depositedPages: string | null, readonly gpaPages: string | null, readonly recommendedVirtualTlbSize: string | null, readonly gpaPages4K: string | null, readonly gpaPages2M: string | null, readonly gpaPages1G: string | null, readonly gpaPages512G: string | null, readonly devicePages4K: string | null, readonly devicePages2M: string | null, readonly devicePages1G: string | null, readonly devicePages512G: string | null, readonly nestedTlbSize: string | null, readonly recommendedNestedTlbSize: string | null, readonly nestedTlbFreeListSize: string | null } | null, readonly virtualProcessorTotals: { readonly of: number, readonly readable: number, readonly rates: { readonly totalRunTime: number | null, readonly hypervisorRunTime: number | null, readonly hypercallsCost: number | null, readonly hypercalls: number | null, readonly pageInvalidationsCost: number | null, readonly pageInvalidations: number | null, readonly controlRegisterAccessesCost: number | null, readonly controlRegisterAccesses: number | null, readonly ioInstructionsCost: number | null, readonly ioInstructions: number | null, readonly hltInstructionsCost: number | null, readonly hltInstructions: number | null, readonly mwaitInstructionsCost: number | null, readonly mwaitInstructions: number | null, readonly cpuidInstructionsCost: number | null, readonly cpuidInstructions: number | null, readonly msrAccessesCost: number | null, readonly msrAccesses: number | null, readonly otherInterceptsCost: number | null, readonly otherIntercepts: number | null, readonly externalInterruptsCost: number | null, readonly externalInterrupts: number | null, readonly pendingInterruptsCost: number | null, readonly pendingInterrupts: number | null, readonly emulatedInstructionsCost: number | null, readonly emulatedInstructions: number | null, readonly debugRegisterAccessesCost: number | null, readonly debugRegisterAccesses: number | null, readonly pageFaultInterceptsCost: number | null, readonly pageFaultIntercepts: number | null, readonly nestedPageFaultInterceptsCost: number | null, readonly nestedPageFaultIntercepts: number | null, readonly globalIoTlbFlushCost: number | null, readonly globalIoTlbFlushes: number | null, readonly localIoTlbFlushCost: number | null, readonly localIoTlbFlushes: number | null, readonly hypercallsForwardingCost: number | null, readonly hypercallsForwarded: number | null, readonly pageInvalidationsForwardingCost: number | null, readonly pageInvalidationsForwarded: number | null, readonly controlRegisterAccessesForwardingCost: number | null, readonly controlRegisterAccessesForwarded: number | null, readonly ioInstructionsForwardingCost: number | null, readonly ioInstructionsForwarded: number | null, readonly hltInstructionsForwardingCost: number | null, readonly hltInstructionsForwarded: number | null, readonly mwaitInstructionsForwardingCost: number | null, readonly mwaitInstructionsForwarded: number | null, readonly cpuidInstructionsForwardingCost: number | null, readonly cpuidInstructionsForwarded: number | null, readonly msrAccessesForwardingCost: number | null, readonly msrAccessesForwarded: number | null, readonly otherInterceptsForwardingCost: number | null, readonly otherInterceptsForwarded: number | null, readonly externalInterruptsForwardingCost: number | null, readonly externalInterruptsForwarded: number | null, readonly pendingInterruptsForwardingCost: number | null, readonly pendingInterruptsForwarded: number | null, readonly emulatedInstructionsForwardingCost: number | null, readonly emulatedInstructionsForwarded: number | null, readonly debugRegisterAccessesForwardingCost: number | null, readonly debugRegisterAccessesForwarded: number | null, readonly pageFaultInterceptsForwardingCost: number | null, readonly pageFaultInterceptsForwarded: number | null, readonly vmclearEmulationCost: number | null, readonly vmclearEmulations: number | null, readonly vmptrldEmulationCost: number | null, readonly vmptrldEmulations: number | null, readonly vmptrstEmulationCost: number | null, readonly vmptrstEmulations: number | null, readonly vmreadEmulationCost: number | null, readonly vmreadEmulations: number | null, readonly vmwriteEmulationCost: number | null, readonly vmwriteEmulations: number | null, readonly vmxoffEmulationCost: number | null, readonly vmxoffEmulations: number | null, readonly vmxonEmulationCost: number | null, readonly vmxonEmulations: number | null, readonly nestedVmEntriesCost: number | null, readonly nestedVmEntries: number | null, readonly nestedSlatSoftPageFaultsCost: number | null, readonly nestedSlatSoftPageFaults: number | null, readonly nestedSlatHardPageFaultsCost: number | null, readonly nestedSlatHardPageFaults: number | null, readonly invEptAllContextEmulationCost: number | null, readonly invEptAllContextEmulations: number | null, readonly invEptSingleContextEmulationCost: number | null, readonly invEptSingleContextEmulations: number | null, readonly invVpidAllContextEmulationCost: number | null, readonly invVpidAllContextEmulations: number | null, readonly invVpidSingleContextEmulationCost: number | null, readonly invVpidSingleContextEmulations: number | null, readonly invVpidSingleAddressEmulationCost: number | null, readonly invVpidSingleAddressEmulations: number | null, readonly vmloadEmulationCost: number | null, readonly vmloadEmulations: number | null, readonly vmsaveEmulationCost: number | null, readonly vmsaveEmulations: number | null, readonly gifInstructionEmulationCost: number | null, readonly gifInstructionEmulations: number | null, readonly rdpmcInstructionsCost: number | null, readonly rdpmcInstructions: number | null, readonly sysRegAccessesCost: number | null, readonly sysRegAccesses: number | null, readonly smcInstructionsCost: number | null, readonly smcInstructions: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null, readonly virtualProcessors: ReadonlyArray<{ readonly id: string, readonly index: number, readonly rates: { readonly totalRunTime: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null } | null> | null };

export type PartitionPastFragment = { readonly virtualProcessors: ReadonlyArray<{ readonly index: number, readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null } | null }> | null } | null> | null };

export type LogicalProcessorPartsFragment = { readonly id: string, readonly index: number, readonly host: string, readonly sampledAt: string, readonly rates: { readonly totalRunTime: number | null, readonly hypervisorRunTime: number | null, readonly hardwareInterrupts: number | null, readonly contextSwitches: number | null, readonly interProcessorInterrupts: number | null, readonly schedulerInterrupts: number | null, readonly timerInterrupts: number | null, readonly interProcessorInterruptsSent: number | null, readonly processorHalts: number | null, readonly contextSwitchTime: number | null, readonly c1Transitions: number | null, readonly c1Time: number | null, readonly c2Transitions: number | null, readonly c2Time: number | null, readonly c3Transitions: number | null, readonly c3Time: number | null, readonly postedInterruptNotifications: number | null, readonly branchPredictorFlushes: number | null, readonly l1DataCacheFlushes: number | null, readonly immediateL1DataCacheFlushes: number | null, readonly mbFlushes: number | null, readonly hwpRequestContextSwitches: number | null, readonly perfmonInterrupts: number | null, readonly interval: { readonly seconds: number, readonly reset: boolean } } | null };

export type LogicalProcessorPastFragment = { readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null, readonly hypervisorRunTime: number | null, readonly hardwareInterrupts: number | null, readonly contextSwitches: number | null, readonly interProcessorInterrupts: number | null, readonly schedulerInterrupts: number | null, readonly timerInterrupts: number | null, readonly interProcessorInterruptsSent: number | null, readonly processorHalts: number | null, readonly contextSwitchTime: number | null, readonly c1Transitions: number | null, readonly c1Time: number | null, readonly c2Transitions: number | null, readonly c2Time: number | null, readonly c3Transitions: number | null, readonly c3Time: number | null, readonly postedInterruptNotifications: number | null, readonly branchPredictorFlushes: number | null, readonly l1DataCacheFlushes: number | null, readonly immediateL1DataCacheFlushes: number | null, readonly mbFlushes: number | null, readonly hwpRequestContextSwitches: number | null, readonly perfmonInterrupts: number | null } | null }> | null };

export type LogicalProcessorsPastFragment = { readonly logicalProcessors: ReadonlyArray<{ readonly index: number, readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null } | null }> | null } | null> | null };

export type PartitionRowsPastFragment = { readonly partitions: { readonly nodes: ReadonlyArray<{ readonly partitionId: string, readonly virtualProcessorTotals: { readonly history: ReadonlyArray<{ readonly at: string, readonly interval: { readonly seconds: number, readonly reset: boolean } | null, readonly rates: { readonly totalRunTime: number | null } | null }> | null } | null }> } | null };

export type CostlyOperationsFragment = { readonly hypercallsCost: number | null, readonly hypercalls: number | null, readonly pageInvalidationsCost: number | null, readonly pageInvalidations: number | null, readonly controlRegisterAccessesCost: number | null, readonly controlRegisterAccesses: number | null, readonly ioInstructionsCost: number | null, readonly ioInstructions: number | null, readonly hltInstructionsCost: number | null, readonly hltInstructions: number | null, readonly mwaitInstructionsCost: number | null, readonly mwaitInstructions: number | null, readonly cpuidInstructionsCost: number | null, readonly cpuidInstructions: number | null, readonly msrAccessesCost: number | null, readonly msrAccesses: number | null, readonly otherInterceptsCost: number | null, readonly otherIntercepts: number | null, readonly externalInterruptsCost: number | null, readonly externalInterrupts: number | null, readonly pendingInterruptsCost: number | null, readonly pendingInterrupts: number | null, readonly emulatedInstructionsCost: number | null, readonly emulatedInstructions: number | null, readonly debugRegisterAccessesCost: number | null, readonly debugRegisterAccesses: number | null, readonly pageFaultInterceptsCost: number | null, readonly pageFaultIntercepts: number | null, readonly nestedPageFaultInterceptsCost: number | null, readonly nestedPageFaultIntercepts: number | null, readonly globalIoTlbFlushCost: number | null, readonly globalIoTlbFlushes: number | null, readonly localIoTlbFlushCost: number | null, readonly localIoTlbFlushes: number | null, readonly hypercallsForwardingCost: number | null, readonly hypercallsForwarded: number | null, readonly pageInvalidationsForwardingCost: number | null, readonly pageInvalidationsForwarded: number | null, readonly controlRegisterAccessesForwardingCost: number | null, readonly controlRegisterAccessesForwarded: number | null, readonly ioInstructionsForwardingCost: number | null, readonly ioInstructionsForwarded: number | null, readonly hltInstructionsForwardingCost: number | null, readonly hltInstructionsForwarded: number | null, readonly mwaitInstructionsForwardingCost: number | null, readonly mwaitInstructionsForwarded: number | null, readonly cpuidInstructionsForwardingCost: number | null, readonly cpuidInstructionsForwarded: number | null, readonly msrAccessesForwardingCost: number | null, readonly msrAccessesForwarded: number | null, readonly otherInterceptsForwardingCost: number | null, readonly otherInterceptsForwarded: number | null, readonly externalInterruptsForwardingCost: number | null, readonly externalInterruptsForwarded: number | null, readonly pendingInterruptsForwardingCost: number | null, readonly pendingInterruptsForwarded: number | null, readonly emulatedInstructionsForwardingCost: number | null, readonly emulatedInstructionsForwarded: number | null, readonly debugRegisterAccessesForwardingCost: number | null, readonly debugRegisterAccessesForwarded: number | null, readonly pageFaultInterceptsForwardingCost: number | null, readonly pageFaultInterceptsForwarded: number | null, readonly vmclearEmulationCost: number | null, readonly vmclearEmulations: number | null, readonly vmptrldEmulationCost: number | null, readonly vmptrldEmulations: number | null, readonly vmptrstEmulationCost: number | null, readonly vmptrstEmulations: number | null, readonly vmreadEmulationCost: number | null, readonly vmreadEmulations: number | null, readonly vmwriteEmulationCost: number | null, readonly vmwriteEmulations: number | null, readonly vmxoffEmulationCost: number | null, readonly vmxoffEmulations: number | null, readonly vmxonEmulationCost: number | null, readonly vmxonEmulations: number | null, readonly nestedVmEntriesCost: number | null, readonly nestedVmEntries: number | null, readonly nestedSlatSoftPageFaultsCost: number | null, readonly nestedSlatSoftPageFaults: number | null, readonly nestedSlatHardPageFaultsCost: number | null, readonly nestedSlatHardPageFaults: number | null, readonly invEptAllContextEmulationCost: number | null, readonly invEptAllContextEmulations: number | null, readonly invEptSingleContextEmulationCost: number | null, readonly invEptSingleContextEmulations: number | null, readonly invVpidAllContextEmulationCost: number | null, readonly invVpidAllContextEmulations: number | null, readonly invVpidSingleContextEmulationCost: number | null, readonly invVpidSingleContextEmulations: number | null, readonly invVpidSingleAddressEmulationCost: number | null, readonly invVpidSingleAddressEmulations: number | null, readonly vmloadEmulationCost: number | null, readonly vmloadEmulations: number | null, readonly vmsaveEmulationCost: number | null, readonly vmsaveEmulations: number | null, readonly gifInstructionEmulationCost: number | null, readonly gifInstructionEmulations: number | null, readonly rdpmcInstructionsCost: number | null, readonly rdpmcInstructions: number | null, readonly sysRegAccessesCost: number | null, readonly sysRegAccesses: number | null, readonly smcInstructionsCost: number | null, readonly smcInstructions: number | null };

export type PartitionPagesFragment = { readonly virtualTlbPages: string | null, readonly depositedPages: string | null, readonly gpaPages: string | null, readonly recommendedVirtualTlbSize: string | null, readonly gpaPages4K: string | null, readonly gpaPages2M: string | null, readonly gpaPages1G: string | null, readonly gpaPages512G: string | null, readonly devicePages4K: string | null, readonly devicePages2M: string | null, readonly devicePages1G: string | null, readonly devicePages512G: string | null, readonly nestedTlbSize: string | null, readonly recommendedNestedTlbSize: string | null, readonly nestedTlbFreeListSize: string | null };

export type AllLogicalProcessorRatesFragment = { readonly totalRunTime: number | null, readonly hypervisorRunTime: number | null, readonly hardwareInterrupts: number | null, readonly contextSwitches: number | null, readonly interProcessorInterrupts: number | null, readonly schedulerInterrupts: number | null, readonly timerInterrupts: number | null, readonly interProcessorInterruptsSent: number | null, readonly processorHalts: number | null, readonly contextSwitchTime: number | null, readonly c1Transitions: number | null, readonly c1Time: number | null, readonly c2Transitions: number | null, readonly c2Time: number | null, readonly c3Transitions: number | null, readonly c3Time: number | null, readonly postedInterruptNotifications: number | null, readonly branchPredictorFlushes: number | null, readonly l1DataCacheFlushes: number | null, readonly immediateL1DataCacheFlushes: number | null, readonly mbFlushes: number | null, readonly hwpRequestContextSwitches: number | null, readonly perfmonInterrupts: number | null };

export const definitionsDocument: PersistedDocument<DefinitionsQuery, DefinitionsQueryVariables> = {
  id: 'sha256:dcfd291c82ca718ecbbcbe63641d563b933a14f395a7c7f70b7ce6ce27cc2add',
};
export const logicalProcessorPastDocument: PersistedDocument<LogicalProcessorPastQuery, LogicalProcessorPastQueryVariables> = {
  id: 'sha256:4a19e39966f5e1b48a742eab186b9c12de1a1cef5b80c9e58b92073204d9d399',
};
export const logicalProcessorDocument: PersistedDocument<LogicalProcessorSubscription, LogicalProcessorSubscriptionVariables> = {
  id: 'sha256:1eed63e86f0fc6e02e22182a45fc5d41bcaeb59d037a2aa363b2315173f48717',
};
export const overviewNowDocument: PersistedDocument<OverviewNowQuery, OverviewNowQueryVariables> = {
  id: 'sha256:b10ec280cd07bc646e242138d566805638d2a4b255e63559879c2df1a103f8fa',
};
export const overviewPastDocument: PersistedDocument<OverviewPastQuery, OverviewPastQueryVariables> = {
  id: 'sha256:a87b3b5eaa1b291829986549b625a0506b7bb11433643abe616979a90c67a1b3',
};
export const overviewDocument: PersistedDocument<OverviewSubscription, OverviewSubscriptionVariables> = {
  id: 'sha256:e8ffab57df1fbb790d444f592a97828ac8bef4db1fed1534719730d85250caa3',
};
export const partitionPastDocument: PersistedDocument<PartitionPastQuery, PartitionPastQueryVariables> = {
  id: 'sha256:ea5bf3a8e631d08c0935d302f6aa7cc050f4f5534c2ee7602df5d88061d3c394',
};
export const partitionRowsPastDocument: PersistedDocument<PartitionRowsPastQuery, PartitionRowsPastQueryVariables> = {
  id: 'sha256:9bb6c78e30e6b279dcfd174f788961dc648b86d44622684c511268b3bb2d4709',
};
export const partitionDocument: PersistedDocument<PartitionSubscription, PartitionSubscriptionVariables> = {
  id: 'sha256:181cbb9f0ac52854971244702df52584b60b56882f61084bbb734d3f77bebc16',
};
export const serviceDocument: PersistedDocument<ServiceQuery, ServiceQueryVariables> = {
  id: 'sha256:c594ceebe164b8a9fdd62fadeee515b3c75c39a63d9a7a7ba8fa9a30164045b6',
};
export const startDocument: PersistedDocument<StartQuery, StartQueryVariables> = {
  id: 'sha256:a25926a5b4eef5eae1226e6d71d8d088f38f81749810afcef7047d204b663ada',
};
export const drawHypervisorPastTemplate: CounterTemplate<DrawHypervisorPastQuery, DrawHypervisorPastQueryVariables> = {
  withRate: null,
  valueOnly: {"field":"logicalProcessors","text":"query DrawHypervisorPast($last:Duration!$step:Duration){hypervisor{history(last:$last step:$step){at counters{value:logicalProcessors}}}}"},
};
export const drawHypervisorTemplate: CounterTemplate<DrawHypervisorSubscription, DrawHypervisorSubscriptionVariables> = {
  withRate: null,
  valueOnly: {"field":"logicalProcessors","text":"subscription DrawHypervisor($every:Duration!){hypervisor(every:$every){sampledAt counters{value:logicalProcessors}}}"},
};
export const drawLogicalProcessorPastTemplate: CounterTemplate<DrawLogicalProcessorPastQuery, DrawLogicalProcessorPastQueryVariables> = {
  withRate: {"field":"totalRunTime","text":"query DrawLogicalProcessorPast($index:Int!$last:Duration!$step:Duration){hypervisor{logicalProcessor(index:$index){history(last:$last step:$step){at counters{value:totalRunTime}interval{seconds reset}rates{rate:totalRunTime}}}}}"},
  valueOnly: {"field":"globalTime","text":"query DrawLogicalProcessorPast($index:Int!$last:Duration!$step:Duration){hypervisor{logicalProcessor(index:$index){history(last:$last step:$step){at counters{value:globalTime}}}}}"},
};
export const drawLogicalProcessorTotalsPastTemplate: CounterTemplate<DrawLogicalProcessorTotalsPastQuery, DrawLogicalProcessorTotalsPastQueryVariables> = {
  withRate: {"field":"totalRunTime","text":"query DrawLogicalProcessorTotalsPast($last:Duration!$step:Duration){hypervisor{logicalProcessorTotals{history(last:$last step:$step){at counters{value:totalRunTime}interval{seconds reset}rates{rate:totalRunTime}}}}}"},
  valueOnly: {"field":"globalTime","text":"query DrawLogicalProcessorTotalsPast($last:Duration!$step:Duration){hypervisor{logicalProcessorTotals{history(last:$last step:$step){at counters{value:globalTime}}}}}"},
};
export const drawLogicalProcessorTotalsTemplate: CounterTemplate<DrawLogicalProcessorTotalsSubscription, DrawLogicalProcessorTotalsSubscriptionVariables> = {
  withRate: {"field":"totalRunTime","text":"subscription DrawLogicalProcessorTotals($every:Duration!){hypervisor(every:$every){sampledAt logicalProcessorTotals{counters{value:totalRunTime}rates{interval{seconds reset}rate:totalRunTime}}}}"},
  valueOnly: {"field":"globalTime","text":"subscription DrawLogicalProcessorTotals($every:Duration!){hypervisor(every:$every){sampledAt logicalProcessorTotals{counters{value:globalTime}}}}"},
};
export const drawLogicalProcessorTemplate: CounterTemplate<DrawLogicalProcessorSubscription, DrawLogicalProcessorSubscriptionVariables> = {
  withRate: {"field":"totalRunTime","text":"subscription DrawLogicalProcessor($index:Int!$every:Duration!){hypervisor(every:$every){sampledAt logicalProcessor(index:$index){counters{value:totalRunTime}rates{interval{seconds reset}rate:totalRunTime}}}}"},
  valueOnly: {"field":"globalTime","text":"subscription DrawLogicalProcessor($index:Int!$every:Duration!){hypervisor(every:$every){sampledAt logicalProcessor(index:$index){counters{value:globalTime}}}}"},
};
export const drawPartitionPastTemplate: CounterTemplate<DrawPartitionPastQuery, DrawPartitionPastQueryVariables> = {
  withRate: {"field":"gpaSpaceModifications","text":"query DrawPartitionPast($partition:UInt64$last:Duration!$step:Duration){partition(id:$partition){history(last:$last step:$step){at counters{value:gpaSpaceModifications}interval{seconds reset}rates{rate:gpaSpaceModifications}}}}"},
  valueOnly: {"field":"virtualProcessors","text":"query DrawPartitionPast($partition:UInt64$last:Duration!$step:Duration){partition(id:$partition){history(last:$last step:$step){at counters{value:virtualProcessors}}}}"},
};
export const drawPartitionTemplate: CounterTemplate<DrawPartitionSubscription, DrawPartitionSubscriptionVariables> = {
  withRate: {"field":"gpaSpaceModifications","text":"subscription DrawPartition($partition:UInt64$every:Duration!){partition(id:$partition every:$every){sampledAt counters{value:gpaSpaceModifications}rates{interval{seconds reset}rate:gpaSpaceModifications}}}"},
  valueOnly: {"field":"virtualProcessors","text":"subscription DrawPartition($partition:UInt64$every:Duration!){partition(id:$partition every:$every){sampledAt counters{value:virtualProcessors}}}"},
};
export const drawVirtualProcessorTotalsPastTemplate: CounterTemplate<DrawVirtualProcessorTotalsPastQuery, DrawVirtualProcessorTotalsPastQueryVariables> = {
  withRate: {"field":"totalRunTime","text":"query DrawVirtualProcessorTotalsPast($partition:UInt64$last:Duration!$step:Duration){partition(id:$partition){virtualProcessorTotals{history(last:$last step:$step){at counters{value:totalRunTime}interval{seconds reset}rates{rate:totalRunTime}}}}}"},
  valueOnly: {"field":"normalizedRunTime","text":"query DrawVirtualProcessorTotalsPast($partition:UInt64$last:Duration!$step:Duration){partition(id:$partition){virtualProcessorTotals{history(last:$last step:$step){at counters{value:normalizedRunTime}}}}}"},
};
export const drawVirtualProcessorTotalsTemplate: CounterTemplate<DrawVirtualProcessorTotalsSubscription, DrawVirtualProcessorTotalsSubscriptionVariables> = {
  withRate: {"field":"totalRunTime","text":"subscription DrawVirtualProcessorTotals($partition:UInt64$every:Duration!){partition(id:$partition every:$every){sampledAt virtualProcessorTotals{counters{value:totalRunTime}rates{interval{seconds reset}rate:totalRunTime}}}}"},
  valueOnly: {"field":"normalizedRunTime","text":"subscription DrawVirtualProcessorTotals($partition:UInt64$every:Duration!){partition(id:$partition every:$every){sampledAt virtualProcessorTotals{counters{value:normalizedRunTime}}}}"},
};
