// Parts of a machine that most runs do not use, loaded at first use. tools/chunks.json assigns them to scripts.
import * as hostFs from "../kernel/fs/types/host-fs.ts";
import * as hostRw from "../kernel/fs/types/host-rw.ts";
import * as denials from "./denials.ts";
import * as elfProblem from "./elf-problem.ts";
import * as policy from "./policy.ts";
import * as schedule from "./schedule.ts";
import * as crashes from "./stack/crash-report.ts";
import * as observers from "./tracing/observers.ts";
import * as recorder from "./tracing/recorder.ts";
import * as trace from "./tracing/strace/trace.ts";

export const lazyHostFs = (): typeof hostFs => hostFs;
export const lazyHostRw = (): typeof hostRw => hostRw;
export const lazyDenials = (): typeof denials => denials;
export const lazyCrashes = (): typeof crashes => crashes;
export const lazyElfProblem = (): typeof elfProblem => elfProblem;
export const lazyObservers = (): typeof observers => observers;
export const lazyRecorder = (): typeof recorder => recorder;
export const lazySchedule = (): typeof schedule => schedule;
export const lazyPolicy = (): typeof policy => policy;
export const lazyTrace = (): typeof trace => trace;
