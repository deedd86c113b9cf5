// What a run needs if it is asked for: most are not (when-asked.ts).
export { HostFs } from "../kernel/fs/types/host-fs.ts";
export { HostRwFs } from "../kernel/fs/types/host-rw.ts";
export { executionProblem } from "./elf-problem.ts";
export { Follower, parseSchedule } from "./explore/schedule.ts";
export { confine } from "./policy.ts";
export { Trace } from "./trace.ts";
