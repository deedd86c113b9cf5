// Stops as packets.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Stop-Reply-Packets.html
import type { Debugger } from "../debugger.ts";
import { descriptionOf, readOne } from "../registers.ts";
import type { Stop, WatchKind } from "../stop.ts";
import { hex, latin1 } from "./packet.ts";
import { word } from "./replies.ts";
import { gdbSignal } from "./signals.ts";
import type { PacketThreads } from "./thread-ids.ts";

const SIGINT = 2;
const SIGTRAP = 5;
const watchWords: Readonly<Record<WatchKind, string>> = { write: "watch", read: "rwatch", access: "awatch" };

const byte = (n: number): string => word(n).padStart(2, "0");
/** The exit of a process: W or X. */
const endText = (status: number, pid: number, isMulti: boolean): string => {
  const signal = status & 0x7f;
  const process = isMulti ? `;process:${word(pid)}` : "";
  return signal === 0 ? `W${byte((status >> 8) & 0xff)}${process}` : `X${byte(gdbSignal(signal))}${process}`;
};
/** A stop's signal and its reasons. `knows`: the reasons that gdb has announced. */
const reasonsOf = (
  { why }: Stop,
  debug: Debugger,
  ids: PacketThreads,
  knows: ReadonlySet<string>,
): readonly [number, readonly string[]] => {
  switch (why.kind) {
    case "interrupt":
      return [SIGINT, []];
    case "halted":
    case "call-ended":
      return [0, []];
    case "signal":
      return [why.signo, []];
    case "breakpoint":
      return [SIGTRAP, knows.has(why.how) ? [`${why.how}:`] : []];
    case "watch":
      return [SIGTRAP, [`${watchWords[why.on]}:${word(why.address)}`]];
    case "syscall":
      return [SIGTRAP, [`syscall_${why.way}:${word(why.nr)}`]];
    case "child": {
      const child = debug.task(why.child);
      return [SIGTRAP, [`${why.how}:${ids.text({ pid: child?.process.pid ?? why.child, tid: why.child })}`]];
    }
    case "vforkdone":
      return [SIGTRAP, ["vforkdone:"]];
    case "thread-created":
      return [SIGTRAP, ["create:"]];
    case "exec":
      return [SIGTRAP, [`exec:${hex(latin1(why.path))}`]];
    case "history":
      return [SIGTRAP, [`replaylog:${why.end}`]];
    default:
      return [SIGTRAP, []];
  }
};
/** A stop as a packet. */
export const stopText = (stop: Stop, debug: Debugger, ids: PacketThreads, knows: ReadonlySet<string>): string => {
  const { pid, tid, why } = stop;
  if (why.kind === "ended") return endText(why.status, pid, ids.isMulti);
  if (why.kind === "thread-ended") return `w${byte((why.status >> 8) & 0xff)};${ids.text({ pid, tid })}`;
  if (why.kind === "no-resumed") return "N";
  const [signo, reasons] = reasonsOf(stop, debug, ids, knows);
  const task = debug.task(tid);
  const known: string[] = [];
  if (task) {
    // rip and rsp, or eip and esp.
    const { registers } = descriptionOf(task);
    for (const name of ["rip", "eip", "rsp", "esp"]) {
      const n = registers.findIndex((register) => register.name === name);
      if (n >= 0) known.push(`${byte(n)}:${hex(readOne(task, n) as Uint8Array)}`);
    }
  }
  return `T${byte(gdbSignal(signo))}${[`thread:${ids.text({ pid, tid })}`, "core:0", ...reasons, ...known].join(";")};`;
};
