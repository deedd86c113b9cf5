// Hostile ELF files: our loader answers as the host's does for any bytes, and never throws or hangs.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canJudge, scratch, write } from "../memory/native.ts";
import { generator } from "../memory/random-script.ts";
import { world } from "../memory/world.ts";
import { buildDumper, natively, type Outcome, ours, processorOf, source } from "./judge.ts";

const judge = canJudge();
const dir = judge ? scratch() : "";
const dumper = judge ? buildDumper(dir) : "";

const bare = ["-nostdlib", "-O1", "-fno-stack-protector", "-fcf-protection=none"];
const compile = (bits: 32 | 64, flags: readonly string[]): Uint8Array => {
  const out = join(dir, `original${bits}${flags.join("")}`.replaceAll("/", "-"));
  execFileSync("gcc", [`-m${bits}`, ...bare, ...flags, "-o", out, source("small.c")]);
  return new Uint8Array(readFileSync(out));
};
const program = (name: string, bytes: Uint8Array): string => {
  const path = write(dir, name, bytes);
  chmodSync(path, 0o755);
  return path;
};

/** Starts each variant on the host and here. Returns the differing answers, by the change of the file. */
const answers = (
  variants: readonly { what: string; bytes: Uint8Array }[],
  reference: Outcome,
): { native: Record<string, Outcome>; here: Record<string, Outcome> } => {
  const paths = variants.map((v, i) => program(`variant${i}`, v.bytes));
  const native = natively(dumper, paths, []);
  const cpu = processorOf(reference);
  const machine = world();
  const here = paths.map((path) => ours(machine, path, [], cpu));
  const differs = (i: number): boolean => JSON.stringify(native[i]) !== JSON.stringify(here[i]);
  const byName = (list: readonly Outcome[]): Record<string, Outcome> =>
    Object.fromEntries(variants.flatMap((v, i) => (differs(i) ? [[`${i} ${v.what}`, list[i] as Outcome]] : [])));
  return { native: byName(native), here: byName(here) };
};

const changed = (original: Uint8Array, at: number, value: number, size: 1 | 2 | 4 | 8): Uint8Array => {
  const bytes = original.slice();
  const v = new DataView(bytes.buffer);
  if (at + size > bytes.length) return bytes;
  if (size === 1) v.setUint8(at, value);
  if (size === 2) v.setUint16(at, value, true);
  if (size === 4) v.setUint32(at, value, true);
  if (size === 8) v.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
  return bytes;
};

/** Values that break things. */
// biome-ignore format: table
const nasty = [0, 1, 2, 3, 6, 7, 0xff, 0xfff, 0x1000, 0x1001, 0x7fff, 0xffff, 0x10000, 0x400000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff, 2 ** 40, 0x7ffffffff000, 2 ** 47, 2 ** 60, -4096, -1];

interface Field {
  readonly name: string;
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
}
/** Every field of the file header and of all program headers. */
const fields = (bytes: Uint8Array, bits: 32 | 64): Field[] => {
  const v = new DataView(bytes.buffer);
  const wide = bits === 64;
  const word = wide ? 8 : 4;
  const header: Field[] = [
    ...[0, 4, 5, 6, 7].map((at) => ({ name: `e_ident[${at}]`, at, size: 1 as const })),
    { name: "e_type", at: 16, size: 2 },
    { name: "e_machine", at: 18, size: 2 },
    { name: "e_version", at: 20, size: 4 },
    { name: "e_entry", at: 24, size: word },
    { name: "e_phoff", at: 24 + word, size: word },
    { name: "e_phentsize", at: wide ? 54 : 42, size: 2 },
    { name: "e_phnum", at: wide ? 56 : 44, size: 2 },
  ];
  const names = wide
    ? ["p_type", "p_flags", "p_offset", "p_vaddr", "p_paddr", "p_filesz", "p_memsz", "p_align"]
    : ["p_type", "p_offset", "p_vaddr", "p_paddr", "p_filesz", "p_memsz", "p_flags", "p_align"];
  const start = wide ? v.getUint32(32, true) : v.getUint32(28, true);
  const count = v.getUint16(wide ? 56 : 44, true);
  for (let i = 0; i < count; i++) {
    let at = start + i * (wide ? 56 : 32);
    for (const name of names) {
      const size = wide && name !== "p_type" && name !== "p_flags" ? 8 : 4;
      header.push({ name: `${name}[${i}]`, at, size });
      at += size;
    }
  }
  return header;
};

const kinds: readonly (readonly [string, 32 | 64, readonly string[]])[] = [
  ["static 64-bit", 64, ["-static", "-no-pie"]],
  ["static 32-bit", 32, ["-static", "-no-pie"]],
  ["position-independent 64-bit", 64, ["-static-pie"]],
  ["dynamic 64-bit", 64, ["-pie", "-Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2"]],
  ["dynamic 32-bit", 32, ["-no-pie", "-Wl,-dynamic-linker,/lib/ld-linux.so.2"]],
];

describe.skipIf(!judge).each(kinds)("a damaged %s program", (_name, bits, flags) => {
  const original = judge ? compile(bits, flags) : new Uint8Array(64);
  const reference = judge ? (natively(dumper, [program("reference", original)], [])[0] as Outcome) : { head: "", maps: "", stack: "" };

  test("gives Linux's answer for every header field with nasty values", () => {
    // Every field gets a third of the values, so that all of them come up.
    const variants = fields(original, bits).flatMap((f, i) =>
      nasty
        .filter((_, n) => (n + i) % 3 === 0)
        .map((value) => ({ what: `${f.name} = ${value}`, bytes: changed(original, f.at, value, f.size) })),
    );
    const { native, here } = answers(variants, reference);
    expect(here).toEqual(native);
  });

  test("gives Linux's answer for two fields changed at once", () => {
    const { pick } = generator(bits + flags.length);
    const all = fields(original, bits).filter((f) => f.at >= 24);
    const variants = Array.from({ length: 100 }, () => {
      const [a, b, x, y] = [pick(all), pick(all), pick(nasty), pick(nasty)];
      return { what: `${a.name} = ${x}, ${b.name} = ${y}`, bytes: changed(changed(original, a.at, x, a.size), b.at, y, b.size) };
    });
    const { native, here } = answers(variants, reference);
    expect(here).toEqual(native);
  });

  test("gives Linux's answer when it is cut off anywhere", () => {
    // biome-ignore format: table
    const cuts = [0, 1, 3, 4, 15, 16, 20, 51, 52, 63, 64, 100, 200, 255, 256, 257, 300, 400, 500, 1000, 4095, 4096, 4097, 8192, 9000, 12288, original.length - 1];
    const variants = cuts.filter((n) => n < original.length).map((n) => ({ what: `cut at ${n}`, bytes: original.slice(0, n) }));
    const { native, here } = answers(variants, reference);
    expect(here).toEqual(native);
  });
});
