// Capabilities. man 2 capget; Linux kernel/capability.c, security/commoncap.c cap_capset().
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";

import { filled, given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { findThread, shownPid } from "../../task/pid-namespace.ts";

/** 32-bit words per set in each version of the header. Linux uapi linux/capability.h. */
const WORDS: Readonly<Record<number, number>> = { 0x1998_0330: 1, 0x2007_1026: 2, 0x2008_0522: 2 };
const CURRENT_VERSION = 0x2008_0522;

/** The number of words, or -errno. For an unknown version the kernel's own one is written. */
const wordsOf = (t: Task, header: VAddr): number => {
  const version = t.mem.u32(header);
  if (version < 0) return -E.EFAULT;
  const words = WORDS[version];
  if (words !== undefined) return words;
  return t.mem.setU32(header, CURRENT_VERSION) ? -E.EINVAL : -E.EFAULT;
};

const capget = (t: Task, header: VAddr, data: VAddr): number => {
  const words = wordsOf(t, header);
  // With a null pointer the call only reports the version.
  if (words < 0) return data === 0 && words === -E.EINVAL ? 0 : words;
  if (data === 0) return 0;
  const pid = t.mem.u32(header + 4);
  if (pid < 0) return -E.EFAULT;
  if ((pid | 0) < 0) return -E.EINVAL;
  const target = pid === 0 ? t : findThread(t, pid);
  if (!target) return -E.ESRCH;
  const { effective, permitted, inheritable } = target.cred;
  for (let i = 0; i < words; i++) {
    const word = (set: bigint): number => Number((set >> BigInt(32 * i)) & 0xffff_ffffn);
    const at = data + 12 * i;
    if (!t.mem.setU32(at, word(effective)) || !t.mem.setU32(at + 4, word(permitted)) || !t.mem.setU32(at + 8, word(inheritable)))
      return -E.EFAULT;
  }
  return 0;
};

const capset = (t: Task, header: VAddr, data: VAddr): number => {
  const words = wordsOf(t, header);
  if (words < 0) return words;
  const pid = t.mem.u32(header + 4);
  if (pid < 0) return -E.EFAULT;
  if (pid !== 0 && pid !== shownPid(t, t.pid)) return -E.EPERM;
  const bytes = t.mem.read(data, 12 * words);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const set = (offset: number): bigint => {
    let value = 0n;
    for (let i = 0; i < words; i++) value |= BigInt(v.getUint32(12 * i + offset, true)) << BigInt(32 * i);
    return value & ((1n << 41n) - 1n);
  };
  const effective = set(0);
  const permitted = set(4);
  const inheritable = set(8);
  const { cred } = t;
  if ((inheritable & ~(cred.inheritable | cred.permitted)) !== 0n && !capable(cred, CAP.SETPCAP)) return -E.EPERM;
  if ((inheritable & ~(cred.inheritable | cred.bounding)) !== 0n) return -E.EPERM;
  if ((permitted & ~cred.permitted) !== 0n || (effective & ~permitted) !== 0n) return -E.EPERM;
  t.cred = { ...cred, effective, permitted, inheritable, ambient: cred.ambient & permitted & inheritable };
  return 0;
};

/** Calls on capabilities. man 2 capget. */
export const privilegeCalls: readonly Syscall[] = [
  syscall("capget", { header: given("capHeader"), data: filled("capData") }, (t, a) => capget(t, a.header, a.data)),
  syscall("capset", { header: given("capHeader"), data: given("capData") }, (t, a) => capset(t, a.header, a.data)),
];
