// Instruction encodings to test: random bytes shaped by the opcode maps, of which iced-x86 names the
// instruction. A few are kept of each kind, a kind being an iced Code, its register or memory form, and LOCK
// or not.
import { Code, Decoder, DecoderOptions, Instruction, OpKind } from "iced-x86";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import type { Random } from "./random.ts";
import { type Scope, scopeOf, scopes, whyUnjudged } from "./scope.ts";
import type { Mode } from "./world.ts";

export interface Encoding {
  readonly mode: Mode;
  /** The vendor whose processors decode it so. */
  readonly vendor: Vendor;
  readonly bytes: Uint8Array;
  readonly code: Code;
  readonly memory: boolean;
}

/** Opcode bytes before the last one. SDM Vol. 2D appendix A. */
const maps = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const;
const mandatory = [[], [0x66], [0xf3], [0xf2]] as const;
const segmentPrefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65] as const;
/** Bytes of a candidate, in a buffer of many. */
export const SLOT = 16;

/**
 * Writes one candidate: prefixes, opcode bytes, and a modrm with the wanted reg field. The other bytes stay
 * random.
 */
const shape = (
  out: Uint8Array,
  mode: Mode,
  map: readonly number[],
  opcode: number,
  prefix: readonly number[],
  reg: number,
  vex: boolean,
  r: Random,
): void => {
  r.fill(out);
  let at = 0;
  if (r.chance(0.1)) out[at++] = r.pick(segmentPrefixes);
  if (r.chance(0.1)) out[at++] = 0x67;
  if (!vex && r.chance(0.1)) out[at++] = 0xf0;
  if (!vex && r.chance(0.15)) out[at++] = r.pick([0x66, 0xf2, 0xf3, 0x66]);
  if (vex) {
    out[at++] = 0xc4;
    // R, X and B; outside 64-bit mode R and X must be 1, or it is LES.
    out[at++] = (mode === 64 ? r.below(8) << 5 : 0xc0 | (r.below(2) << 5)) | maps.indexOf(map as never);
    // W, vvvv, L and pp; vvvv is 1111 where it names nothing.
    const vvvv = r.chance(0.4) ? 15 : mode === 64 ? r.below(16) : 8 | r.below(8);
    out[at++] = (r.below(2) << 7) | (vvvv << 3) | (r.below(2) << 2) | mandatory.indexOf(prefix as never);
  } else {
    for (const b of prefix) out[at++] = b;
    if (mode === 64 && r.chance(0.6)) out[at++] = (r.chance(0.6) ? 0x48 : 0x40) | r.below(8);
    for (const b of map) out[at++] = b;
  }
  out[at++] = opcode;
  // Gathers are nothing without a SIB byte.
  if (vex && map.at(-1) === 0x38 && (opcode & 0xfc) === 0x90) out[at] = r.pick([0x04, 0x44, 0x84]) | (reg << 3);
  else out[at] = (r.chance(0.5) ? 0xc0 : (out[at] as number & 0xc0)) | (reg << 3) | (out[at] as number & 7);
};

/** One pass over the opcode maps: buffers of 16-byte slots, one for each map. */
export function* candidates(mode: Mode, vex: boolean, r: Random): Generator<Uint8Array> {
  for (const map of maps) {
    if (vex && map.length === 0) continue;
    const buffer = new Uint8Array(SLOT * 256 * mandatory.length * 8);
    let slots = 0;
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const prefix of mandatory) {
        for (let reg = 0; reg < 8; reg++) shape(buffer.subarray(slots * SLOT, ++slots * SLOT), mode, map, opcode, prefix, reg, vex, r);
      }
    }
    yield buffer;
  }
}

/** Every opcode byte and every modrm byte after some bytes. The other bytes are random. */
const everyModrm = (before: readonly number[], r: Random): Uint8Array => {
  const buffer = new Uint8Array(SLOT * 0x10000);
  r.fill(buffer);
  for (let n = 0; n < 0x10000; n++) {
    buffer.set(before, n * SLOT);
    buffer[n * SLOT + before.length] = n >> 8;
    buffer[n * SLOT + before.length + 1] = n;
  }
  return buffer;
};
const prefixes = [...mandatory, [0x66, 0xf3], [0x66, 0xf2], [0x67], [0xf0], [0x64]] as const;
const rexes = [[], [0x41], [0x44], [0x48], [0x4f]] as const;

/**
 * The whole opcode space: each map with each prefix, in 64-bit code with REX; with VEX each pp, L and W,
 * VEX.vvvv in use or not.
 */
export function* wholeSpace(mode: Mode, r: Random): Generator<Uint8Array> {
  for (const map of maps)
    for (const prefix of prefixes) for (const rex of mode === 64 ? rexes : [[]]) yield everyModrm([...prefix, ...rex, ...map], r);
  for (let map = 1; map < maps.length; map++)
    for (let last = 0; last < 16; last++)
      // W and pp and L: three bits of one byte and one of it above vvvv.
      for (const vvvv of [0x78, 0x40]) yield everyModrm([0xc4, 0xe0 | map, ((last & 8) << 4) | vvvv | (last & 7)], r);
}

/** iced-x86's options for the decoding of a vendor's processors. */
export const icedOptions: Readonly<Record<Vendor, DecoderOptions>> = { amd: DecoderOptions.AMD, intel: DecoderOptions.None };

/** Call `see` for every candidate of one pass, decoded. */
const pass = (mode: Mode, vendor: Vendor, vex: boolean, r: Random, see: (i: Instruction, bytes: Uint8Array) => void): void => {
  const instruction = new Instruction();
  for (const buffer of candidates(mode, vex, r)) {
    const decoder = new Decoder(mode, buffer, icedOptions[vendor]);
    for (let at = 0; at < buffer.length; at += SLOT) {
      decoder.position = at;
      decoder.ip = 0n;
      decoder.decodeOut(instruction);
      see(instruction, buffer.subarray(at, at + SLOT));
    }
    decoder.free();
  }
  instruction.free();
};

const isMemory = (i: Instruction): boolean => {
  for (let n = 0; n < i.opCount; n++) if (i.opKind(n) === OpKind.Memory) return true;
  return false;
};

/** So many passes find something of every scope, or there is nothing. */
const MOST = 200;

/** At most `each` encodings of every kind, by scope: of every scope some. */
export const encodings = (mode: Mode, vendor: Vendor, each: number, r: Random): ReadonlyMap<Scope, readonly Encoding[]> => {
  const found = new Map<number, number>();
  const out = new Map<Scope, Encoding[]>(scopes.map((scope) => [scope, []]));
  const see = (i: Instruction, bytes: Uint8Array): void => {
    const memory = isMemory(i);
    const kind = i.code * 4 + Number(memory) * 2 + Number(i.hasLockPrefix);
    const count = found.get(kind) ?? 0;
    if (count >= each || whyUnjudged(i, vendor) !== undefined) return;
    const scope = scopeOf(i);
    if (scope === undefined) return;
    found.set(kind, count + 1);
    out.get(scope)?.push({ mode, vendor, bytes: bytes.slice(0, i.length), code: i.code, memory });
  };
  const lacking = (): boolean => [...out.values()].some((list) => list.length === 0);
  for (let round = 0; round < each * 3 || (round < MOST && lacking()); round++)
    for (const vex of [false, true]) pass(mode, vendor, vex, r, see);
  return out;
};

/** LOCK VERR and LOCK VERW are no #UD on AMD, against the manuals. */
const isLockedQuery = (bytes: Uint8Array): boolean => {
  const at = bytes.indexOf(0x0f);
  return bytes.subarray(0, at).includes(0xf0) && bytes[at + 1] === 0 && ((bytes[at + 2] as number) >> 4) % 4 === 2;
};

/** VMCALL and VMMCALL with a prefix that they do not have: a hypervisor may take them for its own. */
const isHypercall = (bytes: Uint8Array): boolean => {
  const at = bytes.indexOf(0x0f);
  return bytes[at + 1] === 1 && (bytes[at + 2] === 0xc1 || bytes[at + 2] === 0xd9);
};

/** Encodings that iced-x86 takes for no instruction: #UD, if it and we are right. */
export const invalidEncodings = (mode: Mode, vendor: Vendor, r: Random): Encoding[] => {
  const out: Encoding[] = [];
  pass(mode, vendor, false, r, (i, bytes) => {
    if (i.code === Code.INVALID && !isLockedQuery(bytes) && !isHypercall(bytes))
      out.push({ mode, vendor, bytes: bytes.slice(0, 15), code: i.code, memory: false });
  });
  return out;
};
