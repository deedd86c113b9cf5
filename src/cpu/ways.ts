// Where processors of AMD and Intel differ in what the architecture leaves open, or do not do what the other's manual says: what the models
// of each do, and how anybody knows. Data for people; the models' rules (model.ts) and the rows of a vendor (row.ts) are what acts.

export interface Way {
  readonly what: string;
  readonly amd: string;
  /** Undefined: the models of Intel do as AMD's, for `source` does not settle it. */
  readonly intel: string | undefined;
  /** Of Intel's way; AMD's is that of the processor that judges the tests (families 19h and 1Ah). */
  readonly source: string;
}

/**
 * Results that others recorded on a Core i9-10980XE (Cascade Lake, as Skylake): VirtualBox, src/VBox/VMM/testcase/tstIEMAImplDataInt-Intel.cpp,
 * r150722. All 8544 of them follow from what is said here.
 */
const skylake = "recorded on an i9-10980XE (VirtualBox, tstIEMAImplDataInt-Intel)";

export const ways: readonly Way[] = [
  {
    what: "OF after a shift, rotate or double shift by more than 1",
    amd: "as the last of so many shifts by one leaves it",
    intel: "as the first leaves it",
    source: skylake,
  },
  {
    what: "OF after ROL and ROR of a register by an immediate of more than 1",
    amd: "as above",
    intel: "unchanged",
    source: "VirtualBox, bs3-cpu-instr-2-gen.cpp: so on an 8700B, 9980HK, 10980XE and 1260P; box64 too",
  },
  { what: "AF after a shift or double shift", amd: "1", intel: "0", source: skylake },
  {
    what: "RCL and RCR of 8 or 16 bits by a multiple of 9 or 17",
    amd: "OF computed anew",
    intel: "no flag changes",
    source: skylake,
  },
  {
    what: "SHLD and SHRD of 16 bits by more than 16",
    amd: "the source comes in twice; CF and OF look at the destination alone",
    intel: "the destination comes in after the source, for flags too",
    source: `${skylake}; Bochs says so of the P6 and later (bochs/cpu/shift16.cc)`,
  },
  {
    what: "BSF and BSR",
    amd: "of 0 the destination stays; PF is the index's (of 0: 1); CF, OF, SF and AF are 0; a Ryzen 3990X changes ZF alone (VirtualBox)",
    intel: "as AMD's",
    source: `${skylake}; of the destination: SDM since 2023`,
  },
  {
    what: "SF, ZF, AF and PF after MUL and IMUL",
    amd: "unchanged",
    intel: "SF and PF those of the lower half, ZF and AF 0",
    source: skylake,
  },
  { what: "flags after DIV and IDIV", amd: "AF 1; SF, ZF and PF 0", intel: "unchanged", source: skylake },
  {
    what: "all of these flags before Skylake (pentium3, v1, v2, v3) and after it (max)",
    amd: "as on families 19h and 1Ah, not recorded",
    intel: "as on the i9-10980XE, not recorded",
    source: "cores up to Core 2 leave most of them unchanged (sandpile.org, x86/flags.htm), but nobody has published results of one",
  },
  {
    what: "RCPPS, RCPSS, RSQRTPS, RSQRTSS",
    amd: "tables by the first 12 fraction bits, recorded",
    intel: "the exact result for the middle of each of 2048 intervals (RSQRT: 1024), rounded to 12 fraction bits",
    source: "equal to the 4096 entries of Bochs' tables (bochs/cpu/sse_rcp.cc), and to what others have published",
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

  {
    what: "SF, AF, PF and OF after LZCNT and TZCNT",
    amd: "OF unchanged, the others 0",
    intel: undefined,
    source: "others disagree: all unchanged (Bochs), 0 (box64), PF the count's (VirtualBox)",
  },
  {
    what: "AF and PF after ANDN, BEXTR, BLSI, BLSMSK, BLSR, BZHI",
    amd: "PF the result's; AF 0, but 1 after BEXTR",
    intel: undefined,
    source: "others disagree: PF unchanged (Bochs), the result's (box64), 0 (VirtualBox, with a question mark)",
  },
  {
    what: "OF, SF, ZF and PF after AAA, AAS, DAA, DAS",
    amd: "as of the addition that adjusts",
    intel: undefined,
    source: "they changed from core to core up to 2006 (sandpile.org, x86/flags.htm), and nothing is published of later ones",
  },
  {
    what: "transcendental x87 functions in the last place",
    amd: "nearly always nearest to the exact value",
    intel: undefined,
    source: "the SDM promises one unit in the last place (Vol. 1 8.3.10)",
  },
  {
    what: "FOP, FIP and FDP in state images",
    amd: "with an exception pending only",
    intel: undefined,
    source: "SDM Vol. 1 8.1.8: Intel's keep them always, some FDP with exceptions only",
  },
  {
    what: "which comes of several faults of one instruction",
    amd: "recorded on family 19h, of FXSAVE and FXRSTOR on 1Ah",
    intel: undefined,
    source: "SDM Vol. 3A Table 6-2 leaves the order within a class to the processor",
  },
];
