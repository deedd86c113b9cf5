// Exit statuses, as env(1), timeout(1) and shells have them. POSIX.1-2017 XCU 2.8.2.

import { signalNumber } from "../kernel/signal/set.ts";
import type { End } from "../machine/tracing/status.ts";
import type { ProblemCode } from "../problem.ts";

export const TIMED_OUT = 124;
export const FAILED = 125;
const CANNOT_EXECUTE = 126;
const NOT_FOUND = 127;

const byCode: Partial<Record<ProblemCode, number>> = {
  "not-found": NOT_FOUND,
  "not-executable": CANNOT_EXECUTE,
  "not-an-elf": CANNOT_EXECUTE,
  "wrong-machine": CANNOT_EXECUTE,
  "broken-elf": CANNOT_EXECUTE,
  "no-memory": CANNOT_EXECUTE,
};
export const statusOfProblem = (code: ProblemCode): number => byCode[code] ?? FAILED;
export const statusOfEnd = (end: End): number => ("exit" in end ? end.exit : 128 + signalNumber(end.signal));
