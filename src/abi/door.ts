// The entry instructions of Linux on x86. Linux arch/x86/entry/entry_64.S, entry_64_compat.S.

/** The instruction that entered the kernel, in the mode in which it was executed. */
export type DoorName = "int80" | "sysenter" | "syscall32" | "syscall64";
