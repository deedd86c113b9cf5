// The memory system calls over an AddressSpace. All lengths and addresses are `ulong` arguments as numbers up to 2^64 (not `ptr`,
// whose BAD_ADDRESS has lost its alignment); all results are 0, an address, or -errno, in Linux's order of checks.
export { isPopulating, madvise, mincore, msync } from "./advise.ts";
export { brk } from "./brk.ts";
export { lockError, mlock, mlockall, munlock, munlockall } from "./lock.ts";
export { type MapRequest, mmap, munmap, type Populate, touchSome } from "./map.ts";
export { mprotect } from "./protect.ts";
export { mremap } from "./remap.ts";
