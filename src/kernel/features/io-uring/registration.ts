// The parts that calls of io_uring_register(2) share: their arguments, and tags of what is registered. Linux
// io_uring/rsrc.h.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import type { Task } from "../../core/task.ts";
import { Resource } from "./resource.ts";
import type { UringFile } from "./ring.ts";

/** A call of io_uring_register(2). */
export interface RegisterCall {
  readonly t: Task;
  readonly ring: UringFile;
  readonly arg: VAddr;
  readonly count: number;
  readonly abi: Abi;
}
/** 0 or more, or -errno. */
export type RegisterHandler = (c: RegisterCall) => number;

/** Arrays in user memory: files or buffers (undefined: slots are empty), and their tags (0: none). */
export interface SlotSource {
  readonly at: number | undefined;
  readonly tags: number;
}
/** The tag of a slot, or undefined: EFAULT. */
export const tagAt = ({ t }: { readonly t: Pick<Task, "mem"> }, { tags }: Pick<SlotSource, "tags">, i: number): bigint | undefined => {
  if (tags === 0) return 0n;
  const bytes = t.mem.read(tags + 8 * i, 8);
  return bytes && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
};
/** The end of the slot's file is told if it has a tag. */
export const resourceOf = (ring: UringFile, tag: bigint | undefined): Resource | undefined => (tag ? new Resource(ring, tag) : undefined);
