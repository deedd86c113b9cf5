// Differences between AMD's and Intel's processors where the architecture is open or a manual is not
// followed: the behaviour of the models, and its source. Data for documentation; the models' rules (model.ts)
// and the rows of a vendor (row.ts) implement it.

/** A difference, in words. */
export interface VendorDifference {
  readonly what: string;
  readonly amd: string;
  /** Undefined: Intel's models behave like AMD's, because `source` does not settle it. */
  readonly intel: string | undefined;
  /**
   * The source for Intel. AMD's behaviour is that of the processors that judged the tests (families 19h and
   * 1Ah).
   */
  readonly source: string;
}

/**
 * Results recorded by others on a Core i9-10980XE (Cascade Lake, like Skylake): VirtualBox,
 * src/VBox/VMM/testcase/tstIEMAImplDataInt-Intel.cpp, r150722. All 8544 of them follow from this table.
 */
const skylake = "recorded on an i9-10980XE (VirtualBox, tstIEMAImplDataInt-Intel)";

/** Results recorded with the same method as AMD's: test/cpu/recorded/intel.bin.gz. */
const recorded = "recorded on a Xeon with AMX (family 6, model 167 as its hypervisor has it; the caches are those of Granite Rapids)";

/** Results of the same processor for cases made for one question: test/cpu/model/intel.test.ts. */
const asked = "asked of that Xeon with AMX: test/cpu/model/intel.test.ts";

const both = `${recorded}; ${skylake}`;

/** All known differences. */
export const vendorDifferences: readonly VendorDifference[] = [
  {
    what: "OF after a shift, rotate or double shift by more than 1",
    amd: "as the last of so many shifts by one leaves it",
    intel: "as the first leaves it",
    source: both,
  },
  {
    what: "OF after ROL and ROR of a register by an immediate of more than 1",
    amd: "as above",
    intel: "unchanged",
    source: "VirtualBox, bs3-cpu-instr-2-gen.cpp: so on an 8700B, 9980HK, 10980XE and 1260P; box64 too",
  },
  { what: "AF after a shift or double shift", amd: "1", intel: "0", source: both },
  {
    what: "RCL and RCR of 8 or 16 bits by a multiple of 9 or 17",
    amd: "OF computed anew",
    intel: "no flag changes",
    source: both,
  },
  {
    what: "SHLD and SHRD of 16 bits by more than 16",
    amd: "the source comes in twice; CF and OF look at the destination alone",
    intel: "the destination comes in after the source, for flags too",
    source: `${both}; Bochs says so of the P6 and later (bochs/cpu/shift16.cc)`,
  },
  {
    what: "BSF and BSR",
    amd: "of 0 the destination stays; PF is the index's (of 0: 1); CF, OF, SF and AF are 0; a Ryzen 3990X changes ZF alone (VirtualBox)",
    intel: "as AMD's",
    source: `${both}; of the destination: SDM since 2023`,
  },
  {
    what: "SF, ZF, AF and PF after MUL and IMUL",
    amd: "unchanged",
    intel: "SF and PF those of the lower half, ZF and AF 0",
    source: both,
  },
  { what: "flags after DIV and IDIV", amd: "AF 1; SF, ZF and PF 0", intel: "unchanged", source: both },
  {
    what: "all of this before Skylake, or what is not from an i9-10980XE before AMX (pentium3, v1, v2, v3)",
    amd: "as on families 19h and 1Ah, not recorded",
    intel: "as on the later processors, not recorded",
    source: "cores up to Core 2 leave most flags unchanged (sandpile.org, x86/flags.htm), but no results of one are published",
  },
  {
    what: "RCPPS, RCPSS, RSQRTPS, RSQRTSS",
    amd: "tables by the first 12 fraction bits, recorded",
    intel: "the exact result for the middle of each of 2048 intervals (RSQRT: 1024), rounded to 12 fraction bits",
    source: `${recorded}; equal to the 4096 entries of Bochs' tables (bochs/cpu/sse_rcp.cc), and to what others have published`,
  },
  { what: "SHA instructions on memory that is not aligned", amd: "work", intel: "#GP", source: "SDM Vol. 2A 2.4, exception class 4" },
  { what: "far pointers in memory with REX.W", amd: "an offset of 32 bits", intel: "of 64 bits", source: "SDM Vol. 2A JMP, LFS" },
  { what: "LOCK before MOV of CR0", amd: "means CR8: #GP", intel: "#UD", source: "SDM Vol. 2B MOV; AMD APM Vol. 3 MOV (CRn)" },
  { what: "SYSCALL from 32-bit code", amd: "works", intel: "#UD", source: "SDM Vol. 2B SYSCALL; AMD APM Vol. 2 6.1" },
  { what: "SYSENTER under a 64-bit kernel", amd: "#UD", intel: "works", source: "SDM Vol. 2B SYSENTER; AMD APM Vol. 2 6.1" },
  {
    what: "prefix 66 on a near branch of 64-bit code",
    amd: "16 bits, RIP with them",
    intel: "ignored",
    source: "SDM Vol. 2A JMP, Jcc; AMD APM Vol. 3 1.2.2",
  },
  { what: "F3 41 90", amd: "exchanges r8d with eax", intel: "PAUSE", source: "Intel XED, iced-x86" },
  { what: "VPINSRD and VPEXTRD with W outside 64-bit code", amd: "#UD", intel: "W ignored", source: "SDM Vol. 2C VPEXTRD" },

  { what: "OF after LZCNT and TZCNT", amd: "unchanged", intel: "0", source: recorded },
  { what: "PF after ANDN, BEXTR, BLSI, BLSMSK, BLSR, BZHI", amd: "the result's", intel: "0", source: recorded },
  { what: "AF after BEXTR", amd: "1", intel: "0", source: recorded },
  {
    what: "OF, SF, ZF and PF after AAA, AAS",
    amd: "as of the addition that adjusts",
    intel: "ZF and PF those of AL, the others 0",
    source: recorded,
  },
  { what: "OF after DAA, DAS", amd: "as of the addition that adjusts", intel: "0", source: recorded },
  {
    what: "a repeat prefix before LOOPE and LOOPNE",
    amd: "overrules the condition",
    intel: "ignored",
    source: recorded,
  },
  {
    what: "flags of a repeated CMPS or SCAS that faults or is interrupted",
    amd: "those of the last round",
    intel: "those from before; a single step between rounds shows RF",
    source: `${recorded}; SDM Vol. 3B 17.3.1.1`,
  },
  {
    what: "rCX, and rSI and rDI of MOVS and STOS, repeated in 64-bit code with 32-bit addresses",
    amd: "cut to 32 bits where they are written",
    intel: "cut at once, even if the count is 0 or the first round faults",
    source: recorded,
  },
  { what: "0F 0D of a register", amd: "#UD", intel: "nothing", source: recorded },
  { what: "SYSRET outside 64-bit code", amd: "#GP", intel: "#UD", source: `${recorded}; SDM Vol. 2B SYSRET` },
  {
    what: "selectors on the stack with an operand size above 16 bits: PUSH and POP of a segment register, RETF",
    amd: "as wide as the operand size",
    intel: "16 bits are read, and of PUSH with 32 bits written",
    source: `${recorded}; SDM Vol. 2B PUSH`,
  },
  { what: "MOVSXD with the prefix 66", amd: "reads 32 bits", intel: "reads 16 bits", source: recorded },
  {
    what: "a call, near or far, to an offset where nothing can be",
    amd: "#GP before anything is pushed",
    intel: "#GP after the return address was written; rSP stays",
    source: recorded,
  },
  {
    what: "RETF and IRET to a selector with an RPL below 3",
    amd: "#GP after the outer SS:rSP were read",
    intel: "#GP at once",
    source: recorded,
  },
  {
    what: "IRET of 64-bit code to an offset where nothing can be, with a stack segment that cannot be loaded",
    amd: "#GP of the offset",
    intel: "the fault of the stack segment",
    source: asked,
  },
  {
    what: "an offset in FS or GS that is not canonical, of an address in the kernel's half",
    amd: "#GP",
    intel: "#PF: the address with its base counts",
    source: asked,
  },
  {
    what: "a 64-bit offset that RETF pops for a segment that is not of 64-bit code",
    amd: "must be within the limit",
    intel: "its lower half must",
    source: recorded,
  },
  { what: "an operand across 4 GiB in a flat 32-bit segment", amd: "#GP", intel: "goes on at 0", source: `${recorded}; SDM Vol. 3A 5.3` },
  { what: "BOUND of an index below both bounds", amd: "reads both", intel: "#BR before the upper one is read", source: recorded },
  {
    what: "EFLAGS.AC and vectors of 128 bits and more",
    amd: "their alignment is checked, but not of VMOVUPS and its like",
    intel: "it is not; nor is memory of VCVTPH2PS and VCVTPS2PH",
    source: recorded,
  },
  {
    what: "x87 stores that an unmasked exception keeps back",
    amd: "memory faults come first",
    intel: "memory is not asked for; FSTP and FBSTP of ten bytes write eight before they ask for two",
    source: recorded,
  },
  {
    what: "parts of what FXSAVE and XSAVE move, of which those that begin at 4 GiB are at 0 with addresses of 32 bits in 64-bit code",
    amd: "of the first eight bytes each field; XSAVE's upper halves of ymm registers by twos",
    intel: "of the first eight bytes the two halves; upper halves of ymm registers one by one",
    source: "asked of that Xeon with AMX and an EPYC of family 19h: test/kernel/native/wrapped.c",
  },
  { what: "MMX stores that fault", amd: "TOP stays", intel: "TOP is 0", source: recorded },
  {
    what: "FOP, FIP, FDP, FCS and FDS in state images",
    amd: "FXSAVE: with an exception pending only",
    intel: "always; FOP and FDP of the last instruction that left an unmasked exception, FCS and FDS 0; FIP has 57 bits",
    source: `${recorded}; SDM Vol. 1 8.1.8`,
  },
  { what: "bit 17 of MXCSR (misaligned mode)", amd: "exists", intel: "#GP", source: `${recorded}; AMD APM Vol. 2 11.2.4` },
  {
    what: "which of two NaNs DPPS and DPPD give",
    amd: "in all lanes the first of the sums p0 + p1, p2 + p3 and of their sum",
    intel: "each lane's own sum begins with its neighbour (DPPS) or itself",
    source: recorded,
  },
  {
    what: "VCVTPS2PH of a subnormal with underflow unmasked",
    amd: "PE only if the result with more exponents would be inexact",
    intel: "PE",
    source: recorded,
  },
  { what: "MXCSR after a VCVTPS2PH whose store faults", amd: "unchanged", intel: "has its flags", source: recorded },
  {
    what: "gathers that fault",
    amd: "lanes of the mask that were passed are 0, the others as they were",
    intel: "the others are all ones or 0; with VEX.128 the upper bits of mask and destination are 0",
    source: recorded,
  },
  {
    what: "which comes of several faults of one instruction",
    amd: "recorded on family 19h, of FXSAVE and FXRSTOR on 1Ah",
    intel:
      "recorded: CMPS reads its destination first, MASKMOVDQU asks for its upper half first, VMASKMOVx stores for their first and last byte, XSAVE for its last byte",
    source: `${recorded}; SDM Vol. 3A Table 6-2 leaves the order within a class to the processor`,
  },
  {
    what: "sine, cosine, tangent and arctangent of a small x (below 2^-68, arctangent 2^-40)",
    amd: "rounded like any result",
    intel: "x, the cosine 1, in every rounding mode; PE is set, C1 is 0",
    source: recorded,
  },

  {
    what: "transcendental x87 functions in the last place",
    amd: "nearly always nearest to the exact value",
    intel: undefined,
    source:
      "the SDM promises one unit in the last place (Vol. 1 8.3.10); a Xeon with AMX gives another result than AMD's for 0.5 to 4 % of operands",
  },
  {
    what: "REP MOVS whose operands overlap by two linear addresses of one page",
    amd: "round by round on family 19h; 1Ah moves pieces",
    intel: undefined,
    source: "a Xeon with AMX moves pieces; SDM Vol. 3A 9.2.4",
  },
  {
    what: "pages that XSAVE and XRSTOR ask for when EDX:EAX asks for nothing",
    amd: "all of the header and before it",
    intel: undefined,
    source: "a Xeon with AMX asks for the header's alone",
  },
];
