// The package "trapgate".

export { type FailedCall, InternalError } from "./kernel/base/internal-error.ts";
export type { HostDirEntry, HostNode, HostStat, HostTree } from "./kernel/fs/types/host-tree.ts";
export { CodeMemory, type CodeStore } from "./machine/code-memory.ts";
export { type Exploration, type ExploreOptions, explore, replay, type Violation } from "./machine/explore/explore.ts";
export type { Properties } from "./machine/explore/property.ts";
export { Machine } from "./machine/machine.ts";
export type {
  AttachedFilter,
  FileBytes,
  FileOptions,
  Hooks,
  MachineOptions,
  MountOptions,
  Program,
  ProgramOptions,
} from "./machine/options.ts";
export type { Policy } from "./machine/policy.ts";
export { Output, type Run, type Stats } from "./machine/run.ts";
export type { End } from "./machine/status.ts";
export { Problem, type ProblemCode, type Span } from "./problem.ts";
