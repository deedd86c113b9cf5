// The registers of a task as gdb knows them: a description in XML, and the bytes in its order. The features'
// names and the order in each are those of gdb's documentation, "i386 Features".
import type { Abi } from "../abi/abi.ts";
import { fxrstor, fxsave, fxsaveSize, tagWord } from "../cpu/helpers/x87-image.ts";
import { at, EF, gprNames, R, S } from "../cpu/machine/state.ts";
import type { Processor } from "../kernel/base/processor.ts";
import type { Task } from "../kernel/core/task.ts";
import { endStoppedCall, restartsIfWanted, stoppedResult } from "../kernel/entry/stopped-call.ts";
import { FIX_EFLAGS } from "../kernel/signal/frame64.ts";
import { backtrace } from "../machine/stack/backtrace.ts";
import type { Frame } from "../machine/stack/frame.ts";

/** One register: its bytes, from the processor's state. */
interface Register {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly type: string;
  readonly group?: string;
  get(cpu: Processor, task: Task): bigint;
  /** False: it cannot have this value. */
  put(cpu: Processor, value: bigint, task: Task): boolean;
}
interface Feature {
  readonly name: string;
  /** Types that the registers use. */
  readonly types?: string;
  readonly registers: readonly Register[];
}
/** The registers of an architecture. */
export interface Description {
  readonly xml: string;
  readonly registers: readonly Register[];
}

const mask = (size: number): bigint => (1n << BigInt(8 * size)) - 1n;
const general = (name: string, n: number, size: number, type = size === 8 ? "int64" : "int32"): Register => ({
  name,
  size,
  type,
  get: ({ state }) => (state.u64[n] as bigint) & mask(size),
  put: ({ state }, value) => {
    state.u64[n] = value;
    return true;
  },
});
/** rax or eax. In a call that waits it is the result of a stop, as natively. */
const accumulator = (name: string, size: number): Register => {
  const register = general(name, R.ax, size);
  return {
    ...register,
    get: (cpu, task) => {
      const result = stoppedResult(task);
      return result === undefined ? register.get(cpu, task) : BigInt.asUintN(8 * size, BigInt(result));
    },
    put: (cpu, value, task) => {
      // 32-bit programs, too, have codes of 64 bits that restart a call. Linux putreg32().
      const code = BigInt.asIntN(32, value);
      return register.put(cpu, size === 4 && code <= -512n && code >= -516n ? BigInt.asUintN(64, code) : value, task);
    },
  };
};
const pc = (name: string, size: number): Register => ({
  name,
  size,
  type: "code_ptr",
  get: ({ state }) => (state.u64[at.rip >> 3] as bigint) & mask(size),
  put: ({ state }, value) => {
    state.u64[at.rip >> 3] = value;
    return true;
  },
});
const eflags: Register = {
  name: "eflags",
  size: 4,
  type: "i386_eflags",
  get: (cpu) => BigInt(cpu.flags >>> 0),
  put: (cpu, value) => {
    const writable = FIX_EFLAGS | EF.NT;
    cpu.flags = (cpu.flags & ~writable) | (Number(value & 0xffff_ffffn) & writable);
    return true;
  },
};
/** A selector of a running program is not changed from outside. */
const selector = (name: string, s: number): Register => ({
  name,
  size: 4,
  type: "int32",
  get: ({ state }) => BigInt(state.selector(s)),
  put: ({ state }, value) => value === BigInt(state.selector(s)),
});
const base = (name: string, s: number): Register => ({
  name,
  size: 8,
  type: "int",
  get: ({ state }) => state.u64[(at.segBase >> 3) + s] as bigint,
  put: ({ state, segments }, value) => {
    if (value >= 1n << 47n) return false;
    state.u64[(at.segBase >> 3) + s] = value;
    segments.refresh();
    return true;
  },
});
const call = (name: string, size: number): Register => ({
  name,
  size,
  type: size === 8 ? "int" : "int",
  group: "system",
  get: (_cpu, task) => BigInt.asUintN(8 * size, BigInt(task.origAx)),
  put: (_cpu, value, task) => {
    task.origAx = Number(BigInt.asIntN(32, value));
    return true;
  },
});

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const changeImage = ({ state }: Processor, change: (image: Uint8Array) => void): boolean => {
  const image = new Uint8Array(fxsaveSize);
  fxsave(state, new DataView(image.buffer), true, 16);
  change(image);
  return fxrstor(state, new DataView(image.buffer), true, 16);
};
/** A part of FXSAVE's image. */
const inImage = (name: string, offset: number, bytes: number, size: number, type: string, group?: string): Register => ({
  name,
  size,
  type,
  ...(group === undefined ? {} : { group }),
  get: ({ state }) => {
    const image = new Uint8Array(fxsaveSize);
    fxsave(state, new DataView(image.buffer), true, 16);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(image[offset + i] as number);
    return value;
  },
  put: (cpu, value) =>
    changeImage(cpu, (image) => {
      for (let i = 0; i < bytes; i++) image[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    }),
});
const x87 = (name: string, offset: number, bytes: number): Register => inImage(name, offset, bytes, 4, "int", "float");
const tags: Register = {
  ...x87("ftag", 4, 1),
  get: ({ state }) => BigInt(tagWord(state)),
  // A tag is two bits in the word, 3 for an empty register, and one bit in the image.
  put: (cpu, value) =>
    changeImage(cpu, (image) => {
      image[4] = many(8, (i) => (((value >> BigInt(2 * i)) & 3n) === 3n ? 0 : 1 << i)).reduce((sum, bit) => sum | bit, 0);
    }),
};
const vector = (name: string, n: number, half: 0 | 1): Register => ({
  name,
  size: 16,
  type: half === 0 ? "vec128" : "uint128",
  get: ({ state }) => {
    const i = (at.ymm + 32 * n + 16 * half) >> 3;
    return ((state.u64[i + 1] as bigint) << 64n) | (state.u64[i] as bigint);
  },
  put: ({ state }, value) => {
    const i = (at.ymm + 32 * n + 16 * half) >> 3;
    state.u64[i] = value & mask(8);
    state.u64[i + 1] = value >> 64n;
    return true;
  },
});

const floats: readonly Register[] = [
  ...many(8, (i) => inImage(`st${i}`, 32 + 16 * i, 10, 10, "i387_ext", "float")),
  x87("fctrl", 0, 2),
  x87("fstat", 2, 2),
  tags,
  x87("fiseg", 12, 2),
  x87("fioff", 8, 4),
  x87("foseg", 20, 2),
  x87("fooff", 16, 4),
  x87("fop", 6, 2),
];
const selectors: readonly Register[] = (["cs", "ss", "ds", "es", "fs", "gs"] as const).map((name) => selector(name, S[name]));

const FLAG_BITS = [
  "CF",
  "",
  "PF",
  "",
  "AF",
  "",
  "ZF",
  "SF",
  "TF",
  "IF",
  "DF",
  "OF",
  "",
  "",
  "NT",
  "",
  "RF",
  "VM",
  "AC",
  "VIF",
  "VIP",
  "ID",
];
const flagTypes = `<flags id="i386_eflags" size="4">${FLAG_BITS.map((name, bit) => (bit === 1 ? `<field name="" start="1" end="1"/>` : name === "" ? "" : `<field name="${name}" start="${bit}" end="${bit}"/>`)).join("")}</flags>`;
const MXCSR_BITS = ["IE", "DE", "ZE", "OE", "UE", "PE", "DAZ", "IM", "DM", "ZM", "OM", "UM", "PM"];
const LANES = [
  ["v8bf16", "bfloat16", 8],
  ["v4f", "ieee_single", 4],
  ["v2d", "ieee_double", 2],
  ["v16i8", "int8", 16],
  ["v8i16", "int16", 8],
  ["v4i32", "int32", 4],
  ["v2i64", "int64", 2],
] as const;
const UNION = {
  v8bf16: "v8_bfloat16",
  v4f: "v4_float",
  v2d: "v2_double",
  v16i8: "v16_int8",
  v8i16: "v8_int16",
  v4i32: "v4_int32",
  v2i64: "v2_int64",
};
const vectorTypes =
  LANES.map(([id, type, count]) => `<vector id="${id}" type="${type}" count="${count}"/>`).join("") +
  `<union id="vec128">${LANES.map(([id]) => `<field name="${UNION[id]}" type="${id}"/>`).join("")}<field name="uint128" type="uint128"/></union>` +
  `<flags id="i386_mxcsr" size="4">${MXCSR_BITS.map((name, bit) => `<field name="${name}" start="${bit}" end="${bit}"/>`).join("")}<field name="FZ" start="15" end="15"/></flags>`;
const sse = (count: number): Feature => ({
  name: "org.gnu.gdb.i386.sse",
  types: vectorTypes,
  registers: [...many(count, (i) => vector(`xmm${i}`, i, 0)), inImage("mxcsr", 24, 4, 4, "i386_mxcsr", "vector")],
});
const avx = (count: number): Feature => ({ name: "org.gnu.gdb.i386.avx", registers: many(count, (i) => vector(`ymm${i}h`, i, 1)) });

const GPR64 = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"] as const;
const GPR32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"] as const;
const typeOf = (name: string): string | undefined => (/^[re][bs]p$/.test(name) ? "data_ptr" : undefined);
const numberOf = (name: string): number => R[name.slice(1) as keyof typeof R];
const core = (name: string, size: number): Register =>
  name.endsWith("ax") ? accumulator(name, size) : general(name, numberOf(name), size, typeOf(name));
/** A pointer of x32 has four bytes, and its registers eight. */
const features64 = (pointer: 4 | 8): readonly Feature[] => [
  {
    name: "org.gnu.gdb.i386.core",
    types: flagTypes,
    registers: [
      ...GPR64.map((name) => ({ ...core(name, 8), ...(pointer === 8 ? {} : { type: "int64" }) })),
      ...many(8, (i) => general(`r${i + 8}`, i + 8, 8)),
      { ...pc("rip", 8), ...(pointer === 8 ? {} : { type: "uint64" }) },
      eflags,
      ...selectors,
      ...floats,
    ],
  },
  sse(16),
  { name: "org.gnu.gdb.i386.linux", registers: [call("orig_rax", 8)] },
  { name: "org.gnu.gdb.i386.segments", registers: [base("fs_base", S.fs), base("gs_base", S.gs)] },
];
const features32: readonly Feature[] = [
  {
    name: "org.gnu.gdb.i386.core",
    types: flagTypes,
    registers: [...GPR32.map((name) => core(name, 4)), pc("eip", 4), eflags, ...selectors, ...floats],
  },
  sse(8),
  { name: "org.gnu.gdb.i386.linux", registers: [call("orig_eax", 4)] },
];

const describe = (architecture: string, features: readonly Feature[]): Description => {
  const of = ({ name, size, type, group }: Register): string =>
    `<reg name="${name}" bitsize="${8 * size}" type="${type}"${group === undefined ? "" : ` group="${group}"`}/>`;
  const parts = features.map(
    ({ name, types = "", registers }) => `<feature name="${name}">${types}${registers.map(of).join("\n")}</feature>`,
  );
  return {
    xml: `<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target><architecture>${architecture}</architecture><osabi>GNU/Linux</osabi>\n${parts.join("\n")}\n</target>\n`,
    registers: features.flatMap(({ registers }) => registers),
  };
};
/** XCR0.AVX. */
const AVX = 4;
const variants = (architecture: string, features: readonly Feature[], vectors: number) => ({
  sse: describe(architecture, features),
  avx: describe(architecture, [...features, avx(vectors)]),
});
const known: Readonly<Record<Abi["name"], ReturnType<typeof variants>>> = {
  x64: variants("i386:x86-64", features64(8), 16),
  x32: variants("i386:x64-32", features64(4), 16),
  i386: variants("i386", features32, 8),
};
/**
 * The description of a task's registers, by the file that it executes: a far jump to code of the other mode
 * changes nothing, as natively.
 */
export const descriptionOf = ({ kernel, program }: Task): Description =>
  known[program.abi.name][(kernel.model.xfeatures & AVX) !== 0 ? "avx" : "sse"];

/** Runs with a task's registers in the processor. The task that runs next is not changed. */
const withState = <T>(task: Task, isWritten: boolean, use: (cpu: Processor) => T): T => {
  const { processor, scheduler } = task.kernel;
  const { state } = processor;
  if (scheduler.current === task) return use(processor);
  const saved = state.save();
  state.restore(task.registers);
  try {
    const result = use(processor);
    if (isWritten) task.registers.set(state.u8.subarray(0, at.size));
    return result;
  } finally {
    state.restore(saved);
    if (isWritten) processor.segments.refresh();
  }
};
const bytesOf = (value: bigint, size: number): Uint8Array => {
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) out[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return out;
};
const valueOf = (bytes: Uint8Array): bigint => {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
};

/** The bytes of all registers, in the description's order. */
export const readAll = (task: Task): Uint8Array =>
  withState(task, false, (cpu) => {
    const { registers } = descriptionOf(task);
    const parts = registers.map((register) => bytesOf(register.get(cpu, task), register.size));
    const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let done = 0;
    for (const part of parts) {
      out.set(part, done);
      done += part.length;
    }
    return out;
  });
/** The values of the general registers, the instruction pointer and the flags, as one text. */
export const generalRegisters = (task: Task): string =>
  withState(task, false, (cpu) => {
    const { registers } = descriptionOf(task);
    const general = registers.slice(0, registers.findIndex(({ name }) => name === "eflags") + 1);
    return general.map((register) => register.get(cpu, task).toString(16)).join(" ");
  });
/** The bytes of one register; undefined if there is none of that number. */
export const readOne = (task: Task, n: number): Uint8Array | undefined => {
  const register = descriptionOf(task).registers[n];
  return register && withState(task, false, (cpu) => bytesOf(register.get(cpu, task), register.size));
};
/** Writes one register. False: there is none, or it cannot have these bytes. */
export const writeOne = (task: Task, n: number, bytes: Uint8Array): boolean => {
  const register = descriptionOf(task).registers[n];
  if (!register || bytes.length !== register.size) return false;
  return withState(task, true, (cpu) => register.put(cpu, valueOf(bytes), task));
};
/** Writes those registers whose bytes differ. False: one cannot have its bytes. */
export const writeAll = (task: Task, bytes: Uint8Array): boolean => {
  const before = readAll(task);
  if (bytes.length !== before.length) return false;
  let from = 0;
  let isGood = true;
  descriptionOf(task).registers.forEach(({ size }, n) => {
    const part = bytes.subarray(from, from + size);
    if (part.some((byte, i) => byte !== before[from + i])) isGood = writeOne(task, n, part) && isGood;
    from += size;
  });
  return isGood;
};
/** Changes registers of a stopped task. A call that waits is left first, as natively at the stop. */
export const changeRegisters = (task: Task, change: (task: Task) => boolean): boolean => {
  const result = stoppedResult(task);
  if (result !== undefined) {
    endStoppedCall(task);
    withState(task, true, ({ state }) => state.setGpr(R.ax, result));
  }
  const isGood = change(task);
  restartsIfWanted(task);
  return isGood;
};
/** The instruction pointer. */
export const programCounter = (task: Task): number => withState(task, false, ({ state }) => Number(state.u64[at.rip >> 3] as bigint));

/** The thread pointer: the base of fs, for 32-bit programs that of gs. */
export const threadPointerOf = (task: Task): number =>
  Number(withState(task, false, (cpu) => base("", task.program.abi.registers === 32 ? S.gs : S.fs).get(cpu, task)));

/** Names of the general registers with all their widths, the instruction pointer and the flags. */
const partsOf = (): ReadonlyMap<string, readonly [n: number, shift: number, bits: number]> => {
  const parts = new Map<string, readonly [number, number, number]>();
  gprNames.forEach((name, n) => {
    parts.set(name, [n, 0, 64]);
    const old = n < 8;
    const short = name.slice(1);
    parts.set(old ? `e${short}` : `${name}d`, [n, 0, 32]);
    parts.set(old ? short : `${name}w`, [n, 0, 16]);
    parts.set(old ? (n < 4 ? `${short[0]}l` : `${short}l`) : `${name}b`, [n, 0, 8]);
    if (n < 4) parts.set(`${short[0]}h`, [n, 8, 8]);
  });
  return parts;
};
const registerParts = partsOf();
/** The registers of `registerOf`: rax, eax, ax, al, ah, …, rip, eip, pc, eflags. */
export const registerNames: readonly string[] = [...registerParts.keys(), "rip", "eip", "pc", "eflags"];
/** The value of a register by its name, unsigned. Undefined: there is none of that name. */
export const registerOf = (task: Task, name: string): bigint | undefined =>
  withState(task, false, (cpu) => {
    const part = registerParts.get(name);
    if (part) return ((cpu.state.u64[part[0]] as bigint) >> BigInt(part[1])) & ((1n << BigInt(part[2])) - 1n);
    if (name === "eflags") return BigInt(cpu.flags >>> 0);
    return registerNames.includes(name) ? (cpu.state.u64[at.rip >> 3] as bigint) : undefined;
  });
/** The mode of a task's code: 64, 32 or 16. */
export const modeOf = (task: Task): 16 | 32 | 64 => withState(task, false, ({ state }) => state.mode as 16 | 32 | 64);
/** The functions of a task that rests, the innermost first. */
export const stackOf = (task: Task): readonly Frame[] => withState(task, false, () => backtrace(task, true));
