// Rarely used parts of a machine, loaded at first use. tools/chunks.json assigns them to scripts.
import * as hostFs from "../kernel/fs/types/host-fs.ts";
import * as hostRw from "../kernel/fs/types/host-rw.ts";
import * as overlayFs from "../kernel/fs/types/overlay-fs.ts";
import * as uplink from "../kernel/net/outside/uplink.ts";
import * as denials from "./denials.ts";
import * as elfProblem from "./elf-problem.ts";
import * as lateStores from "./late-stores.ts";
import * as policy from "./policy.ts";
import * as schedule from "./schedule.ts";
import * as crashes from "./stack/crash-report.ts";
import * as observers from "./tracing/observers.ts";
import * as recorder from "./tracing/recorder.ts";
import * as trace from "./tracing/strace/trace.ts";

/** The module, loaded at the first use. */
export const lazyHostFs = (): typeof hostFs => hostFs;
/** The module, loaded at the first use. */
export const lazyHostRw = (): typeof hostRw => hostRw;
/** The module, loaded at the first use. */
export const lazyUplink = (): typeof uplink => uplink;
/** The module, loaded at the first use. */
export const lazyOverlay = (): typeof overlayFs => overlayFs;
/** The module, loaded at the first use. */
export const lazyDenials = (): typeof denials => denials;
/** The module, loaded at the first use. */
export const lazyCrashes = (): typeof crashes => crashes;
/** The module, loaded at the first use. */
export const lazyElfProblem = (): typeof elfProblem => elfProblem;
/** The module, loaded at the first use. */
export const lazyObservers = (): typeof observers => observers;
/** The module, loaded at the first use. */
export const lazyRecorder = (): typeof recorder => recorder;
/** The module, loaded at the first use. */
export const lazySchedule = (): typeof schedule => schedule;
/** The module, loaded at the first use. */
export const lazyLateStores = (): typeof lateStores => lateStores;
/** The module, loaded at the first use. */
export const lazyPolicy = (): typeof policy => policy;
/** The module, loaded at the first use. */
export const lazyTrace = (): typeof trace => trace;
