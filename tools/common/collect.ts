// `npm run common`: beginnings.txt, from the instructions that starts of some programs execute, and from
// programs' code (`npm run setup`, and `npm run bench` for hello). Data among code decodes to instructions
// too, so only frequent ones count.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cpu } from "../../src/cpu/cpu.ts";
import { opcodeIndex } from "../../src/cpu/decode/decoder.ts";
import { formOf } from "../../src/cpu/decode/instance.ts";
import { InstructionRows, packLists } from "../../src/cpu/decode/instructions.ts";
import { displacementOf } from "../../src/cpu/interp/predecode.ts";
import { sizeIndex } from "../../src/cpu/isa/row.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";
import { contexts } from "../../src/cpu/machine/context.ts";
import { layout, predecodeEntry } from "../../src/cpu/machine/layout.ts";
import { nodeTree } from "../../src/host/node-tree.ts";
import { Machine } from "../../src/machine/machine.ts";
// @ts-expect-error: plain JavaScript, because the build runs it before anything is compiled
import { buildRoutines, routinesPath } from "../routines.mjs";
import { beginningsFile, contextOf, emptyTemplates, headings, type Mode, slot } from "./common.ts";

const modes = [64, 32] as const;
/**
 * The frequency in files that makes an instruction one of some programs, and one of most programs, whether
 * starts execute it or not.
 */
const least = { some: 2, most: 200 };
/** Arguments of starts: string functions take other paths for longer names. */
const callings = [
  { argv0: (path: string) => path, env: {} },
  {
    argv0: (path: string) => `/some/where/in/a/long/path${path}`,
    env: { HOME: "/root", TERM: "xterm-256color", LANG: "C.UTF-8", PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
  },
  { argv0: (path: string) => path.slice(path.lastIndexOf("/") + 1), env: { A: "1", LONG: "x".repeat(300) } },
] as const;

const top = fileURLToPath(new URL("../..", import.meta.url));
interface Source {
  /** Below .cache: a folder of programs, that is their root. */
  readonly root: string;
  /** Files whose code is counted. */
  readonly files: readonly string[];
  /** Programs that are run. Their starts have the instructions of most programs' starts. */
  readonly starts: readonly (readonly string[])[];
}
const busybox = [
  ["/bin/busybox", "true"],
  ["/bin/busybox", "sh", "-c", "echo $0 | /bin/busybox cat; ls /"],
  ["/bin/busybox", "ls", "-l", "/"],
];
const sources: readonly Source[] = [
  { root: "bench/64", files: ["hello"], starts: [["/hello"]] },
  { root: "bench/32", files: ["hello"], starts: [["/hello"]] },
  { root: "debian/busybox-amd64", files: ["usr/bin/busybox"], starts: busybox },
  { root: "debian/busybox-i386", files: ["usr/bin/busybox"], starts: busybox },
  {
    root: "debian/lua-amd64",
    files: [
      "usr/bin/lua5.4",
      ...["libc.so.6", "ld-linux-x86-64.so.2", "libreadline.so.8"].map((name) => `usr/lib/x86_64-linux-gnu/${name}`),
    ],
    starts: [["/usr/bin/lua5.4", "-v"]],
  },
  {
    root: "debian/lua-i386",
    files: [
      "usr/bin/lua5.4",
      ...["libc.so.6", "ld-linux.so.2", "libreadline.so.8", "libgcc_s.so.1"].map((name) => `usr/lib/i386-linux-gnu/${name}`),
    ],
    starts: [["/usr/bin/lua5.4", "-v"]],
  },
  { root: "debian/libcap-amd64", files: ["usr/lib/x86_64-linux-gnu/libcap2/tests/tcapsh-static"], starts: [] },
  { root: "debian/libcap-i386", files: ["usr/lib/i386-linux-gnu/libcap2/tests/tcapsh-static"], starts: [] },
  { root: "debian/libseccomp-i386", files: ["usr/lib/i386-linux-gnu/libseccomp.so.2"], starts: [] },
  { root: "debian/openssl-amd64", files: ["usr/lib/x86_64-linux-gnu/libssl.so.3"], starts: [] },
  { root: "debian/python-amd64", files: ["usr/bin/python3.13", "usr/bin/tar", "usr/lib/x86_64-linux-gnu/libsqlite3.so.0"], starts: [] },
];
/** Instructions that the vDSO has, and C libraries once. */
const besides = { 64: ["6488042500"], 32: ["0f05", "0f34", "8ee8", "f30f1efb"] } as const;

const instructions = new InstructionRows((number) => rows[number]!, {
  opcodes: packLists(opcodeIndex(rows)),
  forms: packLists(rows.map(() => [])),
});
await buildRoutines();
const { state, decoder, templates, routines } = emptyTemplates(instructions, readFileSync(routinesPath));
for (const mode of modes) templates.opcodes(contextOf(mode));

/** The key of a decoded instruction: the bytes that a template compares, or else the instruction itself. */
const keyOf = (bytes: Uint8Array, mode: Mode): string => {
  const { d } = decoder;
  state.u8.set(bytes, layout.frames);
  const context = contextOf(mode);
  const t = routines.decode_learn(layout.frames, bytes.length, layout.frames + bytes.length, context, layout.records);
  if (t === 0) return `${d.row.encoding} ${formOf(d, context).key}`;
  state.u8[t + predecodeEntry.headBytes] = 0;
  return `${bytes.length} ${state.u64[(t + predecodeEntry.head) >> 3]}`;
};

/** Executable sections. System V ABI, ELF-64 and ELF-32 section headers. */
const codeOf = (file: Buffer): { readonly mode: Mode; readonly parts: readonly Buffer[] } => {
  const long = file[4] === 2;
  const word = (at: number): number => (long ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  const [headers, size, count] = long
    ? [word(40), file.readUInt16LE(58), file.readUInt16LE(60)]
    : [word(32), file.readUInt16LE(46), file.readUInt16LE(48)];
  const parts: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const header = headers + n * size;
    const [flags, offset, length] = long ? [header + 8, header + 24, header + 32] : [header + 8, header + 16, header + 20];
    if (file.readUInt32LE(header + 4) === 1 && word(flags) & 4) parts.push(file.subarray(word(offset), word(offset) + word(length)));
  }
  return { mode: long ? 64 : 32, parts };
};

interface Found {
  readonly hex: string;
  /** In how many starts it was met, in how many files, and how often there. */
  readonly starts: Set<string>;
  readonly files: Set<string>;
  times: number;
}
const found: Readonly<Record<Mode, Map<string, Found>>> = { 64: new Map(), 32: new Map() };
/** Records the beginning of the instruction at a place. Returns its length; 0: there is none. */
const meet = (code: Uint8Array, at: number, mode: Mode, where: { readonly start?: string; readonly file?: string }): number => {
  if (decoder.decode(code, at, code.length, at, mode) !== "ok") return 0;
  const { d } = decoder;
  const { length } = d;
  const immediate = d.row.shape.immediates.reduce((sum, o) => sum + (o.kind === "moffs" ? 0 : o.widths[sizeIndex(d.size)] >> 3), 0);
  const begins = code.subarray(at, at + length - displacementOf(d) - immediate);
  const key = keyOf(begins, mode);
  const hex = Buffer.from(begins)
    .toString("hex")
    .replace(/(?<=..)(00)+$/, "");
  const there = found[mode].get(key) ?? { hex, starts: new Set(), files: new Set(), times: 0 };
  found[mode].set(key, there);
  if (where.start) there.starts.add(where.start);
  if (where.file) {
    there.files.add(where.file);
    there.times++;
  }
  return length;
};

const lookThrough = (file: string): void => {
  const { mode, parts } = codeOf(readFileSync(file));
  for (const code of parts) for (let at = 0; at < code.length; ) at += meet(code, at, mode, { file }) || 1;
};

const run = async (root: string, command: readonly string[], { argv0, env }: (typeof callings)[number]): Promise<void> => {
  const machine = new Machine({ root: nodeTree(root), engine: "interpret" });
  const { scheduler, processor } = machine.kernel;
  const { blocks } = processor as Cpu;
  const start = `${root} ${command.join(" ")}`;
  blocks.onDecoded = (ip) => {
    const mode = contexts[blocks.context]!.mode as Mode;
    for (let at = ip; ; ) {
      const code = new Uint8Array(slot);
      scheduler.current!.mem.readSome(at, code);
      const length = meet(code, 0, mode, { start });
      at += length;
      if (length === 0 || decoder.d.row.ends) return;
    }
  };
  const { status } = await machine.run(command[0]!, { args: command.slice(1), argv0: argv0(command[0]!), env });
  console.log(`${start}: ${JSON.stringify(status)}`);
};

for (const { root, files, starts } of sources) {
  const folder = join(top, ".cache", root);
  for (const file of files) lookThrough(join(folder, file));
  for (const command of starts) for (const calling of callings) await run(folder, command, calling);
}
const lines = headings.flatMap(({ text, mode, part }) => {
  const isMost = ({ starts, times }: Found): boolean => starts.size > 0 || times >= least.most;
  const those = [...found[mode].values()]
    .filter((one) => isMost(one) === (part === 0) && (part === 0 || one.times >= least.some))
    .sort((a, b) => b.starts.size - a.starts.size || b.files.size - a.files.size || b.times - a.times);
  const list = [...new Set([...those.map(({ hex }) => hex), ...(part === 0 ? besides[mode] : [])])];
  console.log(`${text}: ${list.length}`);
  return [
    text,
    ...list
      .join(" ")
      .match(/.{1,150}(?= |$)/g)!
      .map((line) => line.trim()),
  ];
});
const head =
  "# First bytes of instructions that programs have: `npm run common` has written this. Up to modrm or SIB, zeroes at the end left out; the most frequent ones first.";
writeFileSync(beginningsFile, `${[head, ...lines].join("\n")}\n`);
