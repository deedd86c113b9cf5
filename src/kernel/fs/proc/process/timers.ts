// /proc/PID/timers: the timers of timer_create(2), the newest first. Linux fs/proc/base.c show_timer().

import type { Task } from "../../../core/task.ts";
import { SIGEV } from "../../../timer/posix-timer.ts";
import type { Viewer } from "./viewer.ts";

const KINDS: Readonly<Record<number, string>> = { [SIGEV.SIGNAL]: "signal", [SIGEV.NONE]: "none", [SIGEV.THREAD]: "thread" };

/** CLOCK_PROCESS_CPUTIME_ID and CLOCK_THREAD_CPUTIME_ID are kept as clocks of the own process and thread. */
const CLOCKS: Readonly<Record<number, number>> = { 2: -6, 3: -2 };

/** The text of the file as the viewer numbers tasks. */
export const timersText = ({ process }: Task, { pidNs }: Viewer): string =>
  [...(process.posixTimers?.timers.values() ?? [])]
    .reverse()
    .map(({ id, clock, event: { notify, signo, value, thread } }) => {
      const kind = KINDS[notify & ~SIGEV.THREAD_ID];
      const to = thread ? `tid.${pidNs.numberOf(thread.pid)}` : `pid.${pidNs.numberOf(process.pid)}`;
      const pointer = BigInt.asUintN(64, value).toString(16).padStart(16, "0");
      return `ID: ${id}\nsignal: ${signo}/${pointer}\nnotify: ${kind}/${to}\nClockID: ${CLOCKS[clock] ?? clock}\n`;
    })
    .join("");
