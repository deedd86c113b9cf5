// The fast decoder (src/cpu/interp/predecode.ts): an instruction with the beginning of an earlier one gets a
// copy of that record. Registers, displacement and immediate are put into the copy.
import { fpuRegs, gpr, ymm } from "./at";
import {
  opcodeKind_escape, opcodeKind_kind, opcodeKind_modes, opcodeKind_modrm, opcodeKind_opcode, opcodeKind_plain, opcodeKind_prefix, opcodeKind_reg, opcodeKind_rex, opcodeKind_rm,
  opcodeKinds, displacements_absolute, displacements_relative, notes, record_base, record_disp, record_imm, record_index, record_r0, record_size,
  registerIn_bytes, registerIn_from, registerIn_mmx, registerIn_reg, registerIn_rm, registerIn_vectors,
  predecodeEntry_bits, predecodeEntry_branch, predecodeEntry_context, predecodeEntry_counts, predecodeEntry_displacement, predecodeEntry_ends, predecodeEntry_head, predecodeEntry_headBytes, predecodeEntry_immediate,
  predecodeEntry_mask, predecodeEntry_most, predecodeEntry_next, predecodeEntry_note, predecodeEntry_registers, predecodeEntry_size, predecodeEntry_ways, predecodeSets, predecodeEntries,
} from "./places";

// The instruction that `begin` has read: its first bytes without register numbers, and their count; the REX
// prefix (0 without one); register numbers, -1 for none.
let head: u64 = 0;
let length: i32 = 0;
let rex: i32 = 0;
let reg: i32 = 0;
let rm: i32 = 0;
let opreg: i32 = 0;
let base: i32 = 0;
let index: i32 = 0;

/**
 * Read the bytes up to ModRM or SIB. False if their form is not known.
 * SDM Vol. 2A 2.1, Tables 2-2 and 2-3.
 */
function begin(at: i32, end: i32, long: bool): bool {
  const kinds = opcodeKinds + (long ? 0 : opcodeKind_modes);
  let p = at;
  let byte: i32;
  let kind: i32;
  let bytes: u64 = 0;
  let shift: u64 = 0;
  rex = 0;
  for (;;) {
    if (p >= end) return false;
    byte = load<u8>(p++);
    bytes |= <u64>byte << shift;
    kind = load<u8>(kinds + byte);
    if (kind != opcodeKind_prefix) break;
    // A REX prefix counts directly before the opcode only.
    rex = long && (byte & 0xf0) == 0x40 ? byte : 0;
    shift += 8;
  }
  const beforeOpcode = shift;
  if (kind == opcodeKind_escape) {
    if (p >= end) return false;
    byte = load<u8>(p++);
    let map = 0x100;
    bytes |= <u64>byte << (shift += 8);
    if ((byte | 2) == 0x3a) {
      if (p >= end) return false;
      map = byte == 0x38 ? 0x200 : 0x300;
      byte = load<u8>(p++);
      bytes |= <u64>byte << (shift += 8);
    }
    kind = load<u8>(kinds + map + byte);
  }
  if (rex && (kind & opcodeKind_rex) == 0) bytes &= ~(<u64>7 << (beforeOpcode - 8));
  opreg = (byte & 7) | ((rex & 1) << 3);
  if (kind & opcodeKind_opcode) bytes &= ~(<u64>7 << shift);
  base = index = -1;
  if ((kind & opcodeKind_kind) == opcodeKind_modrm) {
    if (p >= end) return false;
    const modrm: i32 = load<u8>(p++);
    reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
    rm = (modrm & 7) | ((rex & 1) << 3);
    const mod = modrm >> 6;
    let kept = kind & opcodeKind_reg ? 0xc7 : 0xff;
    shift += 8;
    if (mod == 3) {
      if (kind & opcodeKind_rm) kept &= 0xf8;
    } else if ((modrm & 7) == 4) {
      if (p >= end) return false;
      const sib: i32 = load<u8>(p++);
      let keptOfSib = 0xff;
      const x = ((sib >> 3) & 7) | ((rex & 2) << 2);
      if (x != 4) {
        index = x;
        keptOfSib = 0xc7;
      }
      if (mod != 0 || (sib & 7) != 5) {
        base = (sib & 7) | ((rex & 1) << 3);
        // Outside 64-bit mode, addresses with rSP or rBP use SS. SDM Vol. 1 Table 3-5.
        if (long || (base & 6) != 4) keptOfSib &= 0xf8;
      }
      bytes |= <u64>(sib & keptOfSib) << (shift + 8);
    } else if (mod != 0 || (modrm & 7) != 5) {
      base = rm;
      if (long || (base & 6) != 4) kept &= 0xf8;
    }
    bytes |= <u64>(modrm & kept) << shift;
  } else if ((kind & opcodeKind_kind) != opcodeKind_plain) return false;
  head = bytes;
  length = p - at;
  return length <= 8;
}

// @ts-ignore: decorator
@inline function placeOf(head: u64, context: i32): i32 {
  return predecodeSets + ((<i32>(((head + context) * 0x9e3779b97f4a7c15) >> (64 - predecodeEntry_bits))) << 1);
}

/** The template for the instruction that `begin` has read; 0 if there is none. */
function known(context: i32): i32 {
  const first = placeOf(head, context);
  for (let n = 0; n < predecodeEntry_ways; n++) {
    const number: i32 = load<u16>(first ^ (n << 1));
    const t = predecodeEntries + number * predecodeEntry_size;
    if (number && load<u64>(t, predecodeEntry_head) == head && load<u8>(t, predecodeEntry_headBytes) == length && load<u8>(t, predecodeEntry_context) == context) return t;
  }
  return 0;
}

/** A free place of a set of templates; the last place if none is free. */
function freeWay(first: i32): i32 {
  let n = 0;
  while (n < predecodeEntry_ways - 1 && load<u16>(first ^ (n << 1))) n++;
  return n;
}

/** The number of a new template. If the table is full, all templates are forgotten. */
function nextNumber(): i32 {
  let count: i32 = load<u32>(predecodeEntries);
  if (count == predecodeEntry_most) {
    memory.fill(predecodeSets, 0, 2 << predecodeEntry_bits);
    count = 0;
  }
  store<u32>(predecodeEntries, ++count);
  return count;
}

/**
 * A new template for the instruction of `bytes` bytes at `at`, with a copy of its record. The caller fills in
 * the rest. 0 if the instruction can have no template.
 */
export function decode_learn(at: i32, bytes: i32, end: i32, context: i32, rec: i32): i32 {
  if (!begin(at, end, context == 0) || length != bytes) return 0;
  const first = placeOf(head, context);
  let n = freeWay(first);
  // The template that is replaced gives its place.
  let number: i32 = load<u16>(first ^ (n << 1));
  if (number == 0) number = nextNumber();
  // The template before it moves back in the set: it may be used again in turn with this one.
  for (; n > 0; n--) store<u16>(first ^ (n << 1), load<u16>(first ^ ((n - 1) << 1)));
  store<u16>(first, number);
  const t = predecodeEntries + number * predecodeEntry_size;
  memory.copy(t, rec, record_size);
  store<u64>(t, head, predecodeEntry_head);
  store<u8>(t, bytes, predecodeEntry_headBytes);
  store<u8>(t, context, predecodeEntry_context);
  return t;
}

/** Load templates of an earlier run. The more frequent ones come first. */
export function decode_know(from: i32, count: i32): void {
  const end = from + count * predecodeEntry_size;
  for (; from < end && <i32>load<u32>(predecodeEntries) < predecodeEntry_most; from += predecodeEntry_size) {
    const first = placeOf(load<u64>(from, predecodeEntry_head), load<u8>(from, predecodeEntry_context));
    const place = first ^ (freeWay(first) << 1);
    if (load<u16>(place)) continue;
    const number = nextNumber();
    store<u16>(place, number);
    memory.copy(predecodeEntries + number * predecodeEntry_size, from, predecodeEntry_size);
  }
}

/**
 * The address of a register. SDM Vol. 2A Table 2-2. Without REX, byte registers 4 to 7 are ah, ch, dh, bh.
 */
function register(which: i32): i32 {
  const from = which & registerIn_from;
  const r = from == registerIn_reg ? reg : from == registerIn_rm ? rm : opreg;
  const those = which & ~registerIn_from;
  if (those == registerIn_vectors) return ymm + r * 32;
  if (those == registerIn_mmx) return fpuRegs + (r & 7) * 16;
  return those == registerIn_bytes && rex == 0 && r >= 4 ? gpr + (r - 4) * 8 + 1 : gpr + r * 8;
}

// @ts-ignore: decorator
@inline function signed(at: i32, bytes: i32): i64 {
  if (bytes == 1) return load<i8>(at);
  if (bytes == 4) return load<i32>(at);
  return bytes == 2 ? <i64>load<i16>(at) : load<i64>(at);
}

/**
 * Write records from `rec` on for the instructions at `at`, until one has no template. The block has `done`
 * instructions already, and at most `most`; its page ends at `end`. Returns the number of instructions in
 * bits 7:0; bit 8 is set if the last one ends the block; the number of bytes is in bits 9 and up.
 */
export function decode_alike(rec: i32, done: i32, most: i32, from: i32, end: i32, ip: f64, context: i32): i32 {
  const long = context == 0;
  let next = <i64>ip;
  let at = from;
  for (; done < most && begin(at, end, long); done++) {
    const t = known(context);
    if (t == 0) break;
    const displacement: i32 = load<u8>(t, predecodeEntry_displacement);
    const immediate: i32 = load<u8>(t, predecodeEntry_immediate);
    const whole = length + displacement + immediate;
    if (at + whole > end || (!long && next + whole > 0xffffffff)) break;
    next += whole;
    store<u64>(rec, load<u64>(t));
    store<u64>(rec, load<u64>(t, 8), 8);
    store<u64>(rec, load<u64>(t, 16), 16);
    store<u64>(rec, load<u64>(t, 24), 24);
    let which = load<u32>(t, predecodeEntry_registers);
    for (let place = rec + record_r0; which != 0; which >>= 8, place += 2) if (which & 0xff) store<u16>(place, register(which & 0xff));
    if (base >= 0) store<u16>(rec, gpr + base * 8, record_base);
    if (index >= 0) store<u16>(rec, gpr + index * 8, record_index);
    const p = at + length;
    if (displacement) {
      const d = signed(p, displacement);
      const counts: i32 = load<u8>(t, predecodeEntry_counts);
      store<i64>(rec, counts == displacements_relative ? next + d : counts == displacements_absolute ? <i64><u32>d : d, record_disp);
    }
    if (load<u8>(t, predecodeEntry_next)) store<i64>(rec, next, record_imm);
    if (immediate) {
      const i = signed(p + displacement, immediate);
      if (load<u8>(t, predecodeEntry_branch)) store<i64>(rec, long ? next + i : <i64><u32>(next + i), record_disp);
      else store<u64>(rec, i & load<u64>(t, predecodeEntry_mask), record_imm);
    }
    store<u32>(notes + done * 4, load<u32>(t, predecodeEntry_note));
    rec += record_size;
    at += whole;
    if (load<u8>(t, predecodeEntry_ends)) return (done + 1) | 0x100 | ((at - from) << 9);
  }
  return done | ((at - from) << 9);
}
