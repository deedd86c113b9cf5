// The package "trapgate".
export { Machine } from "./machine/machine.ts";
export { Output, type Run, type Stats } from "./machine/run.ts";
export type { End } from "./machine/status.ts";
export type { FileOptions, Hooks, MachineOptions, MountOptions, Program, ProgramOptions } from "./machine/options.ts";
export type { HostDirEntry, HostStat, HostTree, HostWriter } from "./kernel/fs/host-tree.ts";
export { Problem, type ProblemCode, type Span } from "./problem.ts";
