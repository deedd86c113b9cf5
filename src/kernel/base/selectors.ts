// Linux's segment selectors. arch/x86/include/asm/segment.h, 64-bit kernel.

/** Selectors of user code and data; USER32_CS is the 32-bit code segment. */
export const USER32_CS = 0x23;
/** The data segment of user code. */
export const USER_DS = 0x2b;
/** The 64-bit code segment. */
export const USER_CS = 0x33;
/** Entries of set_thread_area(2), usable by 32-bit and 64-bit code: selectors 0x63, 0x6b, 0x73. */
export const GDT_TLS_MIN = 12;
/** The last entry of set_thread_area(2). */
export const GDT_TLS_MAX = 14;
/** The entry whose limit tells the processor and the node. */
export const GDT_CPUNODE = 15;
const GDT_ENTRIES = 16;

/** One descriptor as 8 bytes. SDM Vol. 3A 3.4.5. `flags` is the nibble G, D/B, L, AVL. */
export const descriptor = (base: number, limit: number, accessByte: number, flags: number): Uint8Array => {
  const d = new Uint8Array(8);
  d[0] = limit;
  d[1] = limit >>> 8;
  d[2] = base;
  d[3] = base >>> 8;
  d[4] = base >>> 16;
  d[5] = accessByte;
  d[6] = ((limit >>> 16) & 0xf) | (flags << 4);
  d[7] = base >>> 24;
  return d;
};

const CODE = 0xfb; // present, DPL 3, code, readable, accessed
const DATA = 0xf3; // present, DPL 3, data, writable, accessed
const READ_ONLY = 0xf5; // present, DPL 3, data, expand-down, accessed: only LSL reads it

/** The table as user code sees it. Kernel entries have DPL 0 and cannot be loaded, so they are empty here. */
export const newGdt = (): Uint8Array => {
  const table = new Uint8Array(GDT_ENTRIES * 8);
  const put = (selector: number, d: Uint8Array): void => table.set(d, selector & ~7);
  put(USER32_CS, descriptor(0, 0xfffff, CODE, 0xc));
  put(USER_DS, descriptor(0, 0xfffff, DATA, 0xc));
  put(USER_CS, descriptor(0, 0xfffff, CODE, 0xa));
  // vdso_read_cpunode(): node << 12 | cpu in the limit. The only node is 0; the context switch puts the cpu.
  put(GDT_CPUNODE * 8, descriptor(0, 0, READ_ONLY, 0x4));
  return table;
};
