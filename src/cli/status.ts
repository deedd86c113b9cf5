// Exit statuses, as env(1), timeout(1) and shells have them. POSIX.1-2017 XCU 2.8.2.

import { signalNumber } from "../kernel/signal/set.ts";
import type { End } from "../machine/tracing/status.ts";
import { type ProblemKind, problemRow } from "../problem-table.ts";

export const TIMED_OUT = 124;
export const FAILED = 125;
export const statusOfProblem = (kind: ProblemKind): number => problemRow(kind).status ?? FAILED;
export const statusOfEnd = (end: End): number => ("exit" in end ? end.exit : 128 + signalNumber(end.signal));
