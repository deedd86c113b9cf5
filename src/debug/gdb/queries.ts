// Replies to gdb's queries about a thread: objects of qXfer, regions of memory, searches in it.
import type { Task } from "../../kernel/core/task.ts";
import { layoutOf, SIGINFO_SIZE, siginfo, siginfoBytes } from "../../kernel/signal/layout.ts";
import type { SigInfo } from "../../kernel/signal/state/info.ts";
import type { Debugger } from "../debugger.ts";
import { peek, permissionsOf } from "../memory.ts";
import { descriptionOf } from "../registers.ts";
import { librariesOf, xmlText } from "./libraries.ts";
import { hex, hexNumber, latin1, textOf } from "./packet.ts";
import { FAULT, INVALID, word } from "./replies.ts";

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
      return annex === "" || annex === "types"
        ? osTable("types", [{ Type: "processes", Description: "All processes" }])
        : annex === "processes"
          ? processTable(debug)
          : "E00";
    default:
      return "";
  }
};
const osTable = (type: string, rows: readonly Readonly<Record<string, string>>[]): Uint8Array => {
  const items = rows.map(
    (row) =>
      `<item>${Object.entries(row)
        .map(([name, value]) => `<column name="${name}">${xmlText(value)}</column>`)
        .join("")}</item>`,
  );
  return latin1(`<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "osdata.dtd">\n<osdata type="${type}">\n${items.join("\n")}\n</osdata>\n`);
};
/** `info os processes`: all processes of the machine. */
const processTable = ({ kernel }: Debugger): Uint8Array =>
  osTable(
    "processes",
    [...kernel.processes.values()].map(({ pid, leader }) => ({
      pid: `${pid}`,
      user: leader.cred.uid === 0 ? "root" : `${leader.cred.uid}`,
      command: argumentsOf(leader) || leader.comm,
      cores: "0",
    })),
  );
/** The arguments of a program, with spaces between. */
const argumentsOf = ({ mem }: Task): string => {
  const bytes = new Uint8Array(Math.min(Math.max(0, mem.argEnd - mem.argStart), 1000));
  return textOf(bytes.subarray(0, peek(mem, mem.argStart, bytes)))
    .replace(/\0$/, "")
    .replaceAll("\0", " ");
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
const indexOf = (bytes: Uint8Array, pattern: Uint8Array): number => {
  const [first] = pattern;
  for (let i = bytes.indexOf(first as number); i >= 0; i = bytes.indexOf(first as number, i + 1)) {
    if (i + pattern.length > bytes.length) return -1;
    if (pattern.every((byte, k) => bytes[i + k] === byte)) return i;
  }
  return -1;
};
/** The reply of qSearch:memory. */
export const searchReply = (task: Task | undefined, rest: string): string => {
  const [head, at, count] = /^:memory:([0-9a-f]+);([0-9a-f]+);/i.exec(rest) ?? [];
  if (head === undefined || at === undefined || count === undefined || !task) return INVALID;
  const pattern = latin1(rest.slice(head.length));
  const [address, length] = [hexNumber(at) as number, hexNumber(count) as number];
  if (pattern.length === 0) return INVALID;
  const step = 1 << 20;
  const window = new Uint8Array(step + pattern.length - 1);
  for (let from = 0; from < length; from += step) {
    const wanted = Math.min(window.length, length - from);
    const done = peek(task.mem, address + from, window.subarray(0, wanted));
    const found = indexOf(window.subarray(0, done), pattern);
    if (found >= 0) return `1,${word(address + from + found)}`;
    if (done < wanted) return from + done === 0 ? FAULT : "0";
  }
  return "0";
};
