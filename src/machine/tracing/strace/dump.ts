// `-e read=`, `-e write=`: the bytes of a transfer in hex and ASCII. strace src/util.c dumpstr().

import type { Task } from "../../../kernel/core/task.ts";
import type { PendingCall } from "../../../kernel/syscall/call.ts";

const LINE = 16;
const printable = (b: number): string => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : ".");
/** ` | 00000  68 69 0a …  hi.              |`. */
export const dumpLines = (bytes: Uint8Array): string[] => {
  const digits = Math.max(5, (bytes.length - 1).toString(16).length);
  return Array.from({ length: Math.ceil(bytes.length / LINE) }, (_, i) => {
    const part = [...bytes.subarray(i * LINE, (i + 1) * LINE)];
    const hex = (from: number): string =>
      Array.from({ length: LINE / 2 }, (_, k) =>
        part[from + k] === undefined ? "  " : (part[from + k] as number).toString(16).padStart(2, "0"),
      ).join(" ");
    const text = part.map(printable).join("").padEnd(LINE);
    return ` | ${(i * LINE).toString(16).padStart(digits, "0")}  ${hex(0)}  ${hex(8)}  ${text} |`;
  });
};

const MOST = 1 << 20;
const reads = new Set(["read", "pread64", "recv", "recvfrom"]);
const writes = new Set(["write", "pwrite64", "send", "sendto"]);
/** The bytes that a call has moved, and its descriptor; undefined for calls that move none. */
export const transferred = (
  task: Task,
  { entry, args }: PendingCall,
  result: number,
): { fd: number; way: "read" | "write"; bytes: Uint8Array } | undefined => {
  const { name } = entry.syscall;
  const way = reads.has(name) ? "read" : writes.has(name) ? "write" : undefined;
  if (!way || result <= 0) return undefined;
  const fd = (args["fd"] ?? args["sockfd"]) as number;
  const bytes = task.mem.read(args["buf"] as number, Math.min(result, MOST));
  return bytes && { fd, way, bytes };
};
