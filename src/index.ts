// The package "trapgate".

export type { DoorName } from "./abi/door.ts";
export type { AbortSignalLike } from "./budget.ts";
export { type FailedCall, InternalError } from "./failure.ts";
export type { HostDirEntry, HostNode, HostStat, HostTree } from "./kernel/fs/types/host-tree.ts";
export type { UpperNode, UpperRecord, UpperStore } from "./kernel/fs/types/upper-store.ts";
export type { HostAddress, HostLink, HostNetwork, NetworkEvent } from "./kernel/net/host-network.ts";
export { CodeMemory } from "./machine/api/code-memory.ts";
export { explore, replay } from "./machine/api/explore.ts";
export { Machine, Snapshot } from "./machine/api/machine.ts";
export type { Denial } from "./machine/denial.ts";
export type { Exploration, ExploreOptions, Properties, Violation } from "./machine/explore/options.ts";
export type { DataRace, RaceAccess } from "./machine/explore/races/report.ts";
export type {
  AttachedFilter,
  FileBytes,
  FileOptions,
  Hooks,
  MachineOptions,
  MountOptions,
  Policy,
  Program,
  ProgramOptions,
  TraceOptions,
} from "./machine/options.ts";
export { Output, type Run, type Stats } from "./machine/run.ts";
export type { Shard } from "./machine/shard.ts";
export type { ForkOptions, ReadOptions, RunLimits, StartOptions, Until } from "./machine/snapshot/options.ts";
export type { Crash } from "./machine/stack/crash.ts";
export type { Frame } from "./machine/stack/frame.ts";
export type { SourcePosition } from "./machine/stack/line-table.ts";
export type {
  CallEvent,
  EndEvent,
  FilterEvent,
  Registers,
  RemarkEvent,
  ReturnEvent,
  SignalEvent,
  StartEvent,
  TraceEvent,
  VerdictEvent,
} from "./machine/tracing/events.ts";
export type { End, SignalName } from "./machine/tracing/status.ts";
export { Problem, type ProblemParts, type Span } from "./problem.ts";
export type { ProblemCode, ProblemKind } from "./problem-table.ts";
