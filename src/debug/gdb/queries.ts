// Replies to gdb's queries about a thread: objects of qXfer, regions of memory.
import type { Task } from "../../kernel/core/task.ts";
import { layoutOf, SIGINFO_SIZE, siginfo, siginfoBytes } from "../../kernel/signal/layout.ts";
import type { SigInfo } from "../../kernel/signal/state/info.ts";
import type { Debugger } from "../debugger.ts";
import { permissionsOf } from "../memory.ts";
import { descriptionOf } from "../registers.ts";
import { librariesOf, xmlText } from "./libraries.ts";
import { osData } from "./os-tables.ts";
import { hex, hexNumber, latin1 } from "./packet.ts";
import { INVALID, word } from "./replies.ts";

/** What a thread does; empty if it runs. */
export const threadText = ({ state, call }: Task): string => {
  if (state === "stopped") return "stopped";
  return state === "sleeping" ? `sleeps in ${call?.entry.syscall.name ?? "a call"}` : "";
};
/** An object of qXfer, or an error. */
export const objectOf = (debug: Debugger, task: Task, object: string, annex: string, idOf: (task: Task) => string): Uint8Array | string => {
  switch (object) {
    case "features":
      return annex === "target.xml" ? latin1(descriptionOf(task).xml) : "E00";
    case "auxv":
      return task.mem.auxv;
    case "exec-file": {
      const pid = annex === "" ? task.process.pid : hexNumber(annex);
      const of = pid === undefined ? undefined : debug.threads.find(({ process }) => process.pid === pid);
      return of ? latin1(debug.pathOf(of)) : "E00";
    }
    case "siginfo": {
      const info = debug.signalOf(task.pid);
      return info ? siginfoBytes(info, task.program.abi) : "E00";
    }
    case "libraries-svr4":
      return librariesOf(task, annex) ?? "E00";
    case "threads": {
      const rows = debug.threads.map(
        (one) => `<thread id="${idOf(one)}" core="0" name="${xmlText(one.comm)}">${xmlText(threadText(one))}</thread>`,
      );
      return latin1(`<?xml version="1.0"?>\n<threads>\n${rows.join("\n")}\n</threads>\n`);
    }
    case "osdata":
      return osData(task, annex);
    default:
      return "";
  }
};
/** The siginfo before which a thread stands, with some bytes changed. Undefined: there is none. */
export const siginfoOf = (debug: Debugger, task: Task, offset: number, data: Uint8Array): SigInfo | undefined => {
  const info = debug.signalOf(task.pid);
  const { abi } = task.program;
  if (!info || offset + data.length > SIGINFO_SIZE) return undefined;
  const bytes = siginfoBytes(info, abi);
  bytes.set(data, offset);
  const { signo, code } = siginfo.kill.decode(bytes, abi);
  return { ...siginfo[layoutOf(signo, code)].decode(bytes, abi), raw: bytes };
};
/** The reply of qMemoryRegionInfo, which lldb asks. */
export const regionReply = (task: Task | undefined, address: number | undefined): string => {
  if (address === undefined || !task) return INVALID;
  const { areas, layout } = task.mem;
  const vma = areas.find(address);
  if (vma) {
    const name = vma.file ? `name:${hex(latin1(vma.file.path))};` : "";
    return `start:${word(vma.start)};size:${word(vma.end - vma.start)};permissions:${permissionsOf(vma)};${name}`;
  }
  const start = areas.below(address)?.end ?? 0;
  const end = areas.above(address)?.start ?? Math.max(layout.taskSize, address + 1);
  return `start:${word(start)};size:${word(end - start)};permissions:;`;
};
