// The vsyscall page: its address, entry points and readable bytes. Linux
// arch/x86/entry/vsyscall/vsyscall_64.c.
import { type Frames, PAGE_SIZE } from "../../memory/frames.ts";
import type { Task } from "../core/task.ts";

/** The two halves of the page's address. */
export const PAGE_HI = 0xffff_ffff;
/** The lower half of the page's address. */
export const PAGE_LO = 0xff60_0000;
/** System call numbers of gettimeofday, time and getcpu, indexed by bits 10 and 11 of the address. */
export const NUMBERS = [96, 201, 309] as const;

/** The readable bytes: `mov $NR, %rax; syscall; ret` at each entry point. Linux vsyscall_emu_64.S. */
const code = (): Uint8Array => {
  const page = new Uint8Array(PAGE_SIZE).fill(0xcc);
  for (const [i, nr] of NUMBERS.entries()) page.set([0x48, 0xc7, 0xc0, nr & 0xff, nr >> 8, 0, 0, 0x0f, 0x05, 0xc3], 0x400 * i);
  return page;
};
/** Map the page into all address spaces. */
export const mapVsyscallPage = (frames: Frames): void => {
  const frame = frames.alloc();
  if (frame === 0) return;
  frames.bytes(frame).set(code());
  frames.gate = { page: PAGE_LO - 2 ** 32, frame };
};

/** Its permissions in /proc/PID/maps. Undefined: the profile has no such page. */
export const vsyscallRights = ({ program, kernel: { profile } }: Task): "--xp" | "r-xp" | undefined => {
  if (program.abi.long !== 8 || profile.vsyscall === "none") return undefined;
  return profile.vsyscall === "emulate" ? "r-xp" : "--xp";
};
