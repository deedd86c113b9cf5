// The ABIs of system calls: x86-64, i386 and x32. Every difference between them is data here.

/** The bit of a number that makes it one of x32. Linux arch/x86/include/uapi/asm/unistd.h. */
export const X32_BIT = 0x4000_0000;

/** An ABI of system calls. */
export interface Abi {
  readonly name: "x64" | "i386" | "x32";
  /** Column in `syscallNumbers`. */
  readonly column: 0 | 1;
  /** AUDIT_ARCH_* of uapi/linux/audit.h, as in seccomp_data.arch. */
  readonly auditArch: number;
  /** sizeof(long), sizeof(void *), sizeof(size_t), in bytes. */
  readonly long: 4 | 8;
  /** Alignment of 8-byte integers in structures, in bytes. The i386 psABI aligns them to 4. */
  readonly align64: 4 | 8;
  /**
   * True if a 64-bit integer argument takes two registers, low half first (loff_t of pread64 and similar
   * calls).
   */
  readonly splits64: boolean;
  /** The view of the registers of a program, for core files, in bits. Linux task_user_regset_view(). */
  readonly registers: 32 | 64;
  /** Size of user and group ids in calls without the suffix 32, in bytes. Linux kernel/uid16.c. */
  readonly idSize: 2 | 4;
  /**
   * CLONE_SETTLS takes the base of FS, or the address of a struct user_desc. Linux arch/x86/kernel/process.c
   * set_new_tls().
   */
  readonly tls: "base" | "descriptor";
  /**
   * The bit of sa_flags that selects the signal frame of this ABI: SA_IA32_ABI, SA_X32_ABI. Linux uapi
   * asm/signal.h.
   */
  readonly frameFlag: number;
}

/** 64-bit code: SYSCALL. */
// biome-ignore format: table
export const x64: Abi = {
  name: "x64", column: 0, auditArch: 0xc000003e, long: 8, align64: 8, splits64: false, registers: 64, idSize: 4, tls: "base", frameFlag: 0,
};
/** 32-bit code, and int 0x80 from all code. */
// biome-ignore format: table
export const i386: Abi = {
  name: "i386", column: 1, auditArch: 0x40000003, long: 4, align64: 4, splits64: true, registers: 32, idSize: 2, tls: "descriptor", frameFlag: 0x0200_0000,
};
/**
 * x86-64 registers, 32-bit pointers, numbers with bit 30. Linux arch/x86/entry/syscalls/syscall_64.tbl, rows
 * 512 to 547.
 */
// biome-ignore format: table
export const x32: Abi = {
  name: "x32", column: 0, auditArch: 0xc000003e, long: 4, align64: 8, splits64: false, registers: 64, idSize: 4, tls: "base", frameFlag: 0x0100_0000,
};
