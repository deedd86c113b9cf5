// Exit statuses, as env(1), timeout(1) and shells have them. POSIX.1-2017 XCU 2.8.2.

import { signalNumber } from "../kernel/signal/state/set.ts";
import type { End } from "../machine/tracing/status.ts";
import { type ProblemKind, problemRow } from "../problem-table.ts";

/** Exit status after --timeout. man 1 timeout */
export const TIMED_OUT = 124;
/** Exit status if trapgate itself failed. man 1 timeout */
export const FAILED = 125;
/** The exit status after a message of this kind. */
export const statusOfProblem = (kind: ProblemKind): number => problemRow(kind).status ?? FAILED;
/** The exit status of the guest, as a shell shows it: 128 and the signal's number after a signal. */
export const statusOfEnd = (end: End): number => ("exit" in end ? end.exit : 128 + signalNumber(end.signal));
