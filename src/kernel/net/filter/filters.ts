// The filter of a socket. man 7 socket, SO_ATTACH_FILTER; Linux net/core/filter.c sk_attach_filter(),
// sk_filter_trim_cap().
import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { INSN_SIZE, MAX_INSNS } from "../../../seccomp/bpf/insn.ts";
import { sizes } from "../../base/sizes.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import { SO } from "../options/numbers.ts";
import { INT, type Told } from "../options/row.ts";
import { PacketProgram, type Seen, workOfPacket } from "./program.ts";

/** The socket of a filter. */
export interface FilterOwner {
  /** Changes the account by a number of bytes. False: memory is short. */
  chargeFilters(bytes: number): boolean;
}
/** The filter of one socket, and its lock. */
export class SocketFilters {
  private _program: PacketProgram | undefined = undefined;
  private _locked = false;
  /** The kernel whose time a run takes. */
  private _kernel: Kernel | undefined = undefined;
  private readonly _owner: FilterOwner;

  constructor(owner: FilterOwner) {
    this._owner = owner;
  }
  /** Its host memory in bytes. */
  get weight(): number {
    return this._program ? sizes.packetFilter + this._program.bytes.length : 0;
  }
  /** The bytes of a packet to keep; 0 drops it. Without a filter they are all kept. */
  keeps(packet: () => Seen): number {
    if (!this._program) return Number.POSITIVE_INFINITY;
    const seen = packet();
    const { work = workOfPacket() } = seen;
    const { left } = work;
    const kept = this._program.run(seen, work);
    this._kernel?.charge(left - work.left);
    return kept;
  }

  /** An option of filters for setsockopt(2): 0 or -errno; undefined for others. */
  set(task: Task, option: number, value: Uint8Array, abi: Abi): number | undefined {
    switch (option) {
      case SO.ATTACH_FILTER:
        return this._attach(task, value, abi);
      case SO.DETACH_FILTER:
        return this._detach();
      case SO.ATTACH_BPF:
        // No program of bpf(2) is one for sockets.
        if (value.length !== 4) return -E.EINVAL;
        return this._locked ? -E.EPERM : task.files.get(INT.read(value) as number) ? -E.EINVAL : -E.EBADF;
      case SO.LOCK_FILTER: {
        const on = INT.read(value) !== 0;
        if (this._locked && !on) return -E.EPERM;
        this._locked = on;
        return 0;
      }
    }
    return undefined;
  }
  /** struct sock_fprog { u16 len; struct sock_filter *filter; }. Linux __get_filter(). */
  private _attach(task: Task, value: Uint8Array, abi: Abi): number {
    if (value.length !== 2 * abi.long) return -E.EINVAL;
    if (this._locked) return -E.EPERM;
    const v = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const length = v.getUint16(0, true);
    const at = abi.long === 8 ? Number(v.getBigUint64(8, true)) : v.getUint32(4, true);
    if (at === 0 || length === 0 || length > MAX_INSNS) return -E.EINVAL;
    const bytes = task.mem.read(at, length * INSN_SIZE);
    if (!bytes) return -E.EFAULT;
    task.kernel.charge(length);
    const program = PacketProgram.checked(bytes);
    if (!program) return -E.EINVAL;
    const more = sizes.packetFilter + program.bytes.length - this.weight;
    if (!this._owner.chargeFilters(more)) return -E.ENOMEM;
    this._program = program;
    this._kernel = task.kernel;
    return 0;
  }
  private _detach(): number {
    if (this._locked) return -E.EPERM;
    if (!this._program) return -E.ENOENT;
    this._owner.chargeFilters(-this.weight);
    this._program = undefined;
    return 0;
  }
  /** An option for getsockopt(2). The length of SO_GET_FILTER is in instructions. Linux sk_get_filter(). */
  get(option: number, length: number): Uint8Array | Told | number | undefined {
    if (option === SO.LOCK_FILTER) return INT.write(Number(this._locked));
    if (option !== SO.ATTACH_FILTER) return undefined;
    const program = this._program;
    if (!program || length === 0) return { bytes: new Uint8Array(0), length: program?.length ?? 0, errno: 0 };
    return length < program.length ? -E.EINVAL : { bytes: program.bytes, length: program.length, errno: 0 };
  }
  /** An accepted connection has the filter of its listener. The description is not open yet. */
  copyFrom(other: SocketFilters): void {
    this._program = other._program;
    this._kernel = other._kernel;
    this._locked = other._locked;
  }
}
