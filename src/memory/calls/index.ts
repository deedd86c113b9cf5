// The memory system calls over an AddressSpace, with Linux's order of checks. Lengths and addresses are
// `ulong` arguments as numbers up to 2^64 (not `ptr`, whose BAD_ADDRESS has lost its alignment). Results are
// 0, an address, or -errno.
export { isPopulating, madvise, mincore, msync } from "./advise.ts";
export { brk } from "./brk.ts";
export { lockError, mlock, mlockall, munlock, munlockall } from "./lock.ts";
export { type MapRequest, mmap, munmap, type Populate, touchSome } from "./map.ts";
export { mprotect } from "./protect.ts";
export { mremap } from "./remap.ts";
export { remapFilePages } from "./remap-pages.ts";
export { mseal } from "./seal.ts";
