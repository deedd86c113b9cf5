// Addresses of thread-local variables. The C library says by symbols of its own where its structures have
// the fields; gdb looks the symbols up. glibc nptl_db/structs.def, td_thr_tls_get_addr.c.
import type { Task } from "../../kernel/core/task.ts";
import { peek } from "../memory.ts";
import { threadPointerOf } from "../registers.ts";
import { hex, hexNumber, latin1, textOf, unhex } from "./packet.ts";
import { FAULT, OK, word } from "./replies.ts";

/** Fields of the C library: each symbol is three numbers of 32 bits, the bits, the count, the offset. */
const FIELDS = ["link_map_l_tls_modid", "link_map_l_tls_offset", "pthread_dtvp", "dtv_dtv", "dtv_t_pointer_val"] as const;
type FieldName = (typeof FIELDS)[number];

const symbolOf = (name: FieldName): string => `_thread_db_${name}`;
const numberAt = (task: Task, address: number, bytes: number): number | undefined => {
  const into = new Uint8Array(8);
  if (peek(task.mem, address, into.subarray(0, bytes)) !== bytes) return undefined;
  return Number(new DataView(into.buffer).getBigUint64(0, true));
};

/** The symbols of all processes of one connection. */
export class ThreadLocals {
  private readonly _symbols = new Map<number, Map<string, number>>();

  /** qSymbol: gdb offers to look symbols up, or has looked one up. */
  symbol(pid: number, rest: string): string {
    const [, value = "", name = ""] = /^:([^:]*):(.*)$/.exec(rest) ?? [];
    let own = this._symbols.get(pid);
    if (!own || name === "") this._symbols.set(pid, (own = new Map()));
    if (name !== "") {
      const [address, text] = [hexNumber(value), unhex(name)];
      // Without one of them none is of use.
      if (address === undefined || !text) return OK;
      own.set(textOf(text), address);
    }
    const next = FIELDS.map(symbolOf).find((symbol) => !own.has(symbol));
    return next === undefined ? OK : `qSymbol:${hex(latin1(next))}`;
  }
  /** qGetTLSAddr: a variable at an offset in the storage of a library, by the address of its link map. */
  address(task: Task, offset: number, map: number): string {
    const found = this._storage(task, map);
    return found === undefined ? FAULT : word(found + offset);
  }
  private _storage(task: Task, map: number): number | undefined {
    const symbols = this._symbols.get(task.process.pid);
    const field = (name: FieldName): { readonly bytes: number; readonly offset: number } | undefined => {
      const at = symbols?.get(symbolOf(name));
      const [bits, offset] = at === undefined ? [] : [numberAt(task, at, 4), numberAt(task, at + 8, 4)];
      return bits === undefined || offset === undefined ? undefined : { bytes: bits / 8, offset };
    };
    const value = (base: number | undefined, name: FieldName): number | undefined => {
      const one = field(name);
      return base === undefined || !one || one.bytes > 8 ? undefined : numberAt(task, base + one.offset, one.bytes);
    };
    const pointer = threadPointerOf(task);
    const entry = field("dtv_dtv");
    // A static program has no link map: its own storage is the first.
    const module = map === 0 ? 1 : value(map, "link_map_l_tls_modid");
    const vector = value(pointer, "pthread_dtvp");
    if (module === undefined || module === 0 || !entry || vector === undefined) return undefined;
    const storage = value(vector + module * entry.bytes, "dtv_t_pointer_val");
    if (storage === undefined) return undefined;
    const size = field("dtv_t_pointer_val")?.bytes ?? 8;
    // TLS_DTV_UNALLOCATED is -1: the thread has no storage yet, or at a fixed distance.
    if (storage < 2 ** (8 * size - 1)) return storage;
    const distance = map === 0 ? undefined : value(map, "link_map_l_tls_offset");
    return distance === undefined || distance === 0 || distance > 2 ** 40 ? undefined : pointer - distance;
  }
}
