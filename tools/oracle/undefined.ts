// Results that the manual leaves undefined, so that a difference is no error. SDM Vol. 2; iced-x86's
// rflagsUndefined has most of them, instruction by instruction.
import { type Instruction, Mnemonic, OpKind, RegisterExt, RflagsBits } from "iced-x86";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import { EF, R, vector } from "../../src/cpu/machine/state.ts";
import type { Registers, Result } from "./case.ts";
import type { Identity } from "./processor.ts";
import { PAGE } from "./world.ts";

const bits = [
  [RflagsBits.CF, EF.CF],
  [RflagsBits.PF, EF.PF],
  [RflagsBits.AF, EF.AF],
  [RflagsBits.ZF, EF.ZF],
  [RflagsBits.SF, EF.SF],
  [RflagsBits.OF, EF.OF],
] as const;

const eflags = (iced: number): number => bits.reduce((all, [theirs, ours]) => (iced & theirs ? all | ours : all), 0);

const M = Mnemonic;
const doubleShifts = new Set<Mnemonic>([M.Shld, M.Shrd]);

/** EFLAGS bits that are undefined after the instruction, given the state before it. */
export const undefinedFlags = (i: Instruction, before: Registers): number => {
  const flags = eflags(i.rflagsUndefined);
  // A count of 0 changes no flag, so leaves none undefined; and iced cannot know cl.
  if (i.mnemonic !== M.Shld && i.mnemonic !== M.Shrd) return flags;
  const count = Number(before.gpr(R.cx) & 0x1fn);
  return doubleShifts.has(i.mnemonic) && count > 16 ? flags | (EF.CF | EF.PF | EF.ZF | EF.SF | EF.OF | EF.AF) : flags;
};

/** A bit mask of general registers whose value is undefined after the instruction. */
export const undefinedRegisters = (i: Instruction, before: Registers): number => {
  const count = Number(before.gpr(R.cx) & 0x1fn);
  // A 16-bit double shift by more than 16. SDM Vol. 2B SHLD
  const shifted = doubleShifts.has(i.mnemonic) && i.op0Kind === OpKind.Register && RegisterExt.isGPR16(i.op0Register);
  const by = () => (i.op2Kind === OpKind.Register ? count : Number(i.immediate(2)) & 31);
  if (shifted && by() > 16) return 1 << RegisterExt.number(i.op0Register);
  return i.mnemonic === M.Bswap && RegisterExt.isGPR16(i.op0Register) ? 1 << RegisterExt.number(i.op0Register) : 0;
};

/**
 * Transcendental functions: right to within one unit in the last place, by the manual's own words (SDM Vol. 1
 * 8.3.10).
 */
const transcendental = new Set<Mnemonic>([M.F2xm1, M.Fyl2x, M.Fyl2xp1, M.Fpatan, M.Fptan, M.Fsin, M.Fcos, M.Fsincos]);
export const isTranscendental = (i: Instruction): boolean => transcendental.has(i.mnemonic);

const isFault = ({ trap }: Result): boolean => trap !== vector.DB && trap !== vector.BP;
const isOf =
  (...vectors: readonly number[]) =>
  ({ trap }: Result): boolean =>
    vectors.includes(trap);

/**
 * True if RSI and RDI name one place by two addresses, so that read and written bytes overlap. The places are
 * near each other in a page, and far apart as addresses.
 */
const meetUnseen = ({ after }: Result): boolean => {
  const distance = Number(BigInt.asIntN(32, after.gpr(R.si) - after.gpr(R.di)));
  return Math.abs((distance << 20) >> 20) < 256 && Math.abs(distance) >= 2 * PAGE;
};

/**
 * Priorities among several faults, which are the processor's own (SDM Vol. 3A Table 6-2) and differ between
 * AMD's families. Our results follow the named family; a processor of another family is no judge.
 * - CMPS: 19h reads the destination first, but in REPE CMPSB, and 1Ah always, the source.
 * - Masked moves: 19h checks the wanted lanes, 1Ah checks the limit and the end of the address space for all.
 * - FXSAVE: exact on 1Ah, never settled on 19h.
 * - CALL and PUSH of memory, if it or its pointer and the stack are not canonical: 1Ah reported the stack,
 *   in two cases of many.
 * - REP MOVS: 1Ah moves pieces at once, and detects an overlap by addresses alone (SDM Vol. 3A 9.2.4). One
 *   page at two addresses is moved in pieces.
 * - CLZERO with F2 or F3: 1Ah has no such instruction (#UD), 19h ignores the prefix.
 */
interface OwnWay {
  readonly vendor: Vendor;
  /** The processor family whose result equals ours; undefined: none. */
  readonly family?: number;
  readonly of: ReadonlySet<Mnemonic>;
  readonly differ: (...both: Result[]) => boolean;
}
const movs = new Set<Mnemonic>([M.Movsb, M.Movsw, M.Movsd, M.Movsq]);
const ownWays: readonly OwnWay[] = [
  { vendor: "amd", family: 0x19, of: new Set([M.Cmpsb, M.Cmpsw, M.Cmpsd, M.Cmpsq]), differ: (...both) => both.every(isFault) },
  {
    vendor: "amd",
    family: 0x19,
    of: new Set([M.Vmaskmovps, M.Vmaskmovpd, M.Vpmaskmovd, M.Vpmaskmovq]),
    differ: (...both) => both.some(isFault) && both.every((r) => !isFault(r) || isOf(vector.GP, vector.SS, vector.PF)(r)),
  },
  { vendor: "amd", family: 0x19, of: new Set([M.Call, M.Push]), differ: (...both) => both.every(isOf(vector.GP, vector.SS)) },
  { vendor: "amd", family: 0x19, of: movs, differ: (...both) => both.every(meetUnseen) },
  { vendor: "intel", of: movs, differ: (...both) => both.every(meetUnseen) },
  {
    vendor: "amd",
    family: 0x1a,
    of: new Set([M.Fxsave, M.Fxsave64, M.Fxrstor, M.Fxrstor64]),
    differ: (...both) => both.every(isOf(vector.GP, vector.SS)),
  },
  {
    vendor: "amd",
    family: 0x1a,
    of: new Set([M.Clzero]),
    differ: (silicon, ours) => (silicon?.trap === vector.UD) !== (ours?.trap === vector.UD),
  },
];
/** True if a result of a processor of that family and ours differ in a point that families may differ in. */
export const isFamilysOwn = (i: Instruction, of: Identity, silicon: Result, ours: Result): boolean =>
  ownWays.some((own) => own.vendor === of.vendor && own.family !== of.family && own.of.has(i.mnemonic) && own.differ(silicon, ours));
