// vFile packets: gdb reads and writes files of the guest.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Host-I_002fO-Packets.html
import { E } from "../../abi/errno.ts";
import { O_ACCMODE, O_APPEND, O_CREAT, O_EXCL, O_TRUNC } from "../../abi/uapi/fcntl.ts";
import type { Debugger } from "../debugger.ts";
import { GuestFiles } from "./files.ts";
import { hexNumber, latin1, textOf, unhex } from "./packet.ts";
import { MOST_READ, word } from "./replies.ts";

/** A reply of vFile with bytes. */
const withData = (bytes: Uint8Array | number): string | Uint8Array => {
  if (typeof bytes === "number") return `F-1,${word(-bytes)}`;
  const head = latin1(`F${word(bytes.length)};`);
  const out = new Uint8Array(head.length + bytes.length);
  out.set(head);
  out.set(bytes, head.length);
  return out;
};
/** Flags of File-I/O, beside the access mode, and those of open(2). */
const FLAGS: readonly (readonly [ours: number, theirs: number])[] = [
  [O_APPEND, 0x8],
  [O_CREAT, 0x200],
  [O_TRUNC, 0x400],
  [O_EXCL, 0x800],
];
/** Flags of open(2) for those of File-I/O; undefined: a flag is not known. */
const openFlags = (flags: number): number | undefined => {
  let rest = flags & ~O_ACCMODE;
  let known = flags & O_ACCMODE;
  for (const [ours, theirs] of FLAGS) {
    if ((rest & theirs) !== 0) known |= ours;
    rest &= ~theirs;
  }
  return rest === 0 && known !== O_ACCMODE ? known : undefined;
};
/** struct stat of File-I/O, 64 bytes, big-endian: st_mode at 8, st_size at 28. */
const statBytes = (size: number): Uint8Array => {
  const out = new DataView(new ArrayBuffer(64));
  out.setUint32(8, 0o100644);
  out.setUint32(12, 1);
  out.setBigUint64(28, BigInt(size));
  out.setBigUint64(36, 4096n);
  out.setBigUint64(44, BigInt(Math.ceil(size / 512)));
  return new Uint8Array(out.buffer);
};

/** The files that one connection has open. */
export class FilePackets {
  private readonly _files: GuestFiles;
  /** The process whose root holds; 0: that of the thread. */
  private _of = 0;
  private _isMissingSaid = false;
  /** `onLog`: a line for the server's standard error. */
  constructor(debug: Debugger, onLog: (line: string) => void) {
    this._files = new GuestFiles(debug, (name) => {
      if (!this._isMissingSaid)
        onLog(
          `trapgate: the recording has only the parts of ${name} that the run read, and no symbols of it: ` +
            "'trapgate debug RECORDING --root DIR' reads such files from DIR, if their size and time of change are the same\n",
        );
      this._isMissingSaid = true;
    });
  }
  /** The reply to a packet. `pid`: the process whose files gdb means if it has named none. */
  reply(text: string, pid: number): string | Uint8Array {
    const [, operation = "", args = ""] = /^vFile:([a-z]+):?(.*)$/s.exec(text) ?? [];
    const { _files: files } = this;
    const answer = (n: number): string => (n < 0 ? `F-1,${word(-n)}` : `F${word(n)}`);
    const numbers = args.split(",").map((part) => hexNumber(part));
    switch (operation) {
      case "setfs":
        this._of = numbers[0] ?? 0;
        return "F0";
      case "open": {
        const name = unhex(args.split(",")[0] as string);
        const [, flags = 0, mode = 0] = numbers;
        const known = openFlags(flags);
        if (!name || known === undefined) return answer(-E.EINVAL);
        return answer(files.open(textOf(name), this._of || pid, known, mode & 0o777));
      }
      case "pwrite": {
        const [head = ""] = /^[0-9a-f]+,[0-9a-f]+,/i.exec(args) ?? [];
        const [fd = -1, offset = 0] = numbers;
        return head === "" ? answer(-E.EINVAL) : answer(files.write(fd, offset, latin1(args.slice(head.length))));
      }
      case "unlink": {
        const name = unhex(args);
        return answer(name ? files.unlink(textOf(name), this._of || pid) : -E.EINVAL);
      }
      case "close":
        return answer(files.close(numbers[0] ?? -1));
      case "pread": {
        const [fd = -1, count = 0, offset = 0] = numbers;
        return withData(files.read(fd, Math.min(count, MOST_READ), offset));
      }
      case "fstat": {
        const size = files.size(numbers[0] ?? -1);
        return size < 0 ? answer(size) : withData(statBytes(size));
      }
      case "readlink": {
        const name = unhex(args);
        if (!name) return answer(-E.EINVAL);
        const link = files.readlink(textOf(name), this._of || pid);
        return withData(typeof link === "number" ? link : latin1(link));
      }
      default:
        return "";
    }
  }
}
