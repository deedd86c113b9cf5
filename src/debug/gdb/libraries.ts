// The libraries of a process, as its dynamic linker lists them (qXfer:libraries-svr4:read).
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Library-List-Format-for-SVR4-Targets.html
import type { Task } from "../../kernel/core/task.ts";
import { AT } from "../../kernel/exec/auxv.ts";
import { peek } from "../memory.ts";
import { hexNumber, latin1, textOf } from "./packet.ts";
import { word } from "./replies.ts";

/** Program headers and dynamic entries: man 5 elf. */
const PT = { DYNAMIC: 2, PHDR: 6 } as const;
const DT = { NULL: 0, DEBUG: 21 } as const;
/** Entries of a list at most: the guest can make a circle. */
const MOST = 4096;
/** PATH_MAX. */
const MOST_NAME = 4096;
/** Characters of a list: a guest can give each entry the same long name. Libraries have 200 each. */
const MOST_LIST = 2 ** 20;

/** Text for XML. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
/** A byte string of the guest as XML text. */
export const xmlText = (text: string): string => escaped(text.replace(/[^\x20-\x7e]/g, "?"));

/** The words of a process's memory. */
class Words {
  private readonly _task: Task;
  /** Bytes of a word. */
  readonly size: number;
  constructor(task: Task) {
    this._task = task;
    this.size = task.program.abi.long;
  }
  /** The number at an address; 0 where nothing can be read, as the end of a list. */
  at(address: number, bytes = this.size): number {
    const into = new Uint8Array(8);
    if (peek(this._task.mem, address, into.subarray(0, bytes)) !== bytes) return 0;
    return Number(new DataView(into.buffer).getBigUint64(0, true));
  }
  text(address: number): string {
    const bytes = new Uint8Array(MOST_NAME);
    const read = bytes.subarray(0, peek(this._task.mem, address, bytes));
    const end = read.indexOf(0);
    return textOf(end < 0 ? read : read.subarray(0, end));
  }
  /** A value of the auxiliary vector. */
  auxiliary(type: number): number {
    const { auxv } = this._task.mem;
    const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
    const read = (at: number): number => (this.size === 8 ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
    for (let at = 0; at + 2 * this.size <= auxv.length; at += 2 * this.size) if (read(at) === type) return read(at + this.size);
    return 0;
  }
}

/** The address of the linker's struct r_debug; 0: not yet. Undefined: the program has no entry for it. */
const debugOf = (words: Words): number | undefined => {
  const [headers, count, size] = [words.auxiliary(AT.PHDR), words.auxiliary(AT.PHNUM), words.auxiliary(AT.PHENT)];
  // p_vaddr, by the width.
  const field = words.size === 8 ? 16 : 8;
  let [dynamic, base] = [0, 0];
  for (let at = headers; at < headers + Math.min(count, MOST) * size; at += size) {
    const type = words.at(at, 4);
    if (type === PT.PHDR) base = headers - words.at(at + field);
    if (type === PT.DYNAMIC) dynamic = words.at(at + field);
  }
  if (dynamic === 0) return undefined;
  for (let at = base + dynamic, i = 0; i < MOST; at += 2 * words.size, i++) {
    const tag = words.at(at);
    if (tag === DT.DEBUG) return words.at(at + words.size);
    if (tag === DT.NULL) return undefined;
  }
  return undefined;
};

/**
 * The list from its beginning, or from a link map on: `start=ADDRESS;prev=ADDRESS`. Undefined: the annex is
 * another one, or nothing leads to the list. Then gdb finds it by its own means, and an empty list would keep
 * it from that: if ld.so runs the program, the auxiliary vector has the headers of ld.so.
 */
export const librariesOf = (task: Task, annex: string): Uint8Array | undefined => {
  const [, start, prev, space] = /^(?:start=([0-9a-f]+);prev=([0-9a-f]+);?(?:lmid=([0-9a-f]+);?)?)?$/i.exec(annex) ?? [];
  if (annex !== "" && start === undefined) return undefined;
  const words = new Words(task);
  const { size } = words;
  const debug = space === undefined ? (debugOf(words) ?? (start === undefined ? undefined : 0)) : (hexNumber(space) ?? 0);
  if (debug === undefined) return undefined;
  // struct r_debug: its version, then the first link map.
  let map = start === undefined ? words.at(debug + size) : (hexNumber(start) ?? 0);
  let before = prev === undefined ? 0 : (hexNumber(prev) ?? 0);
  if (debug === 0 && start === undefined) map = 0;
  const main = start === undefined && map !== 0 ? ` main-lm="0x${word(map)}"` : "";
  const rows: string[] = [];
  let written = 0;
  for (let i = 0; map !== 0 && i < MOST && written < MOST_LIST; i++) {
    // struct link_map: l_addr, l_name, l_ld, l_next, l_prev.
    const [address = 0, name = 0, dynamic = 0, next = 0, last = 0] = [0, 1, 2, 3, 4].map((n) => words.at(map + n * size));
    if (last !== before) break;
    // The first one is the program itself.
    if (before !== 0 || start !== undefined) {
      const numbers = `lm="0x${word(map)}" l_addr="0x${word(address)}" l_ld="0x${word(dynamic)}" lmid="0x${word(debug)}"`;
      const row = `<library name="${xmlText(words.text(name))}" ${numbers}/>`;
      rows.push(row);
      written += row.length;
    }
    before = map;
    map = next;
  }
  return latin1(`<library-list-svr4 version="1.0"${main}>${rows.join("")}</library-list-svr4>`);
};
