// The world's segments as the processor's 8-byte descriptors: those that Linux makes of struct user_desc, and
// its GDT. SDM Vol. 3A 3.4.5; Linux arch/x86/include/asm/desc.h fill_ldt()
import { contents, ldtEntries, type Segment, selector } from "./world.ts";

const ACCESSED = 1;
const PRESENT_USER = 0xf0; // P, DPL 3, S

const encode = (base: number, limit: number, access: number, flags: number): Uint8Array =>
  Uint8Array.of(limit, limit >>> 8, base, base >>> 8, base >>> 16, access, ((limit >>> 16) & 0xf) | (flags << 4), base >>> 24);

const descriptor = (s: Segment): Uint8Array => {
  const inPages = s.limit > 0xf_ffff;
  const type =
    s.contents === contents.code ? 8 | (s.restricted ? 0 : 2) : (s.contents === contents.expandDown ? 4 : 0) | (s.restricted ? 0 : 2);
  const access = (s.absent ? 0x70 : PRESENT_USER) | type | ACCESSED;
  return encode(s.base, inPages ? s.limit >>> 12 : s.limit, access, (inPages ? 8 : 0) | (s.big ? 4 : 0));
};

const gdt = new Uint8Array(16 * 8);
gdt.set(encode(0, 0xfffff, 0xfb, 0xc), selector.userCode32 & ~7);
gdt.set(encode(0, 0xfffff, 0xf3, 0xc), selector.userData & ~7);
gdt.set(encode(0, 0xfffff, 0xfb, 0xa), selector.userCode64 & ~7);

// Limit: node << 12 | cpu. arch/x86/kernel/cpu/common.c setup_getcpu()
gdt.set(encode(0, 0, 0xf5, 0x4), selector.cpuNode & ~7);

const ldt = new Uint8Array(ldtEntries.length * 8);
ldtEntries.forEach((s, i) => {
  ldt.set(descriptor(s), i * 8);
});

export const descriptorTables = { gdt, ldt } as const;
