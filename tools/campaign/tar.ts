// Archives as images: hostile names, links, types and damaged bytes. An image opens, or a Problem says why
// not; its tree is a tree.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openImage } from "../../src/host/image/image.ts";
import type { HostNode } from "../../src/kernel/fs/types/host-tree.ts";
import { Problem } from "../../src/problem.ts";
import type { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly target: string;
  readonly size: number;
  readonly mode: number;
}
interface Input {
  readonly entries: readonly Entry[];
  readonly gzip: boolean;
  /** Bytes that are overwritten: position and value. */
  readonly edits: readonly (readonly [at: number, value: number])[];
  /** Bytes that are cut off at the end. */
  readonly cut: number;
}

const BLOCK = 512;
const MOST = 1 << 22;
const parts = [
  "a",
  "b",
  "etc",
  "lib",
  "..",
  ".",
  "",
  ".wh.a",
  ".wh..wh..opq",
  "x".repeat(99),
  "manifest.json",
  "index.json",
  "oci-layout",
  "blobs",
  "\u00e9",
  "a\nb",
];
const types = ["0", "0", "0", "5", "5", "2", "2", "1", "1", "3", "4", "6", "x", "g", "L", "K", "7", "S", "\0"];
const name = (r: Random): string => `${r.chance(0.2) ? "/" : ""}${Array.from({ length: 1 + r.below(4) }, () => r.pick(parts)).join("/")}`;
const draw = (r: Random): Input => ({
  entries: Array.from({ length: 1 + r.below(12) }, () => ({
    name: name(r),
    type: r.pick(types),
    target: r.chance(0.3) ? `${"../".repeat(r.below(6))}etc/passwd` : name(r),
    size: r.chance(0.8) ? r.below(1500) : r.pick([0, 511, 512, 513, 1e5]),
    mode: r.below(0o10000),
  })),
  gzip: r.chance(0.3),
  edits: r.chance(0.3) ? Array.from({ length: 1 + r.below(4) }, () => [r.below(4096), r.below(256)] as const) : [],
  cut: r.chance(0.1) ? r.below(1500) : 0,
});

/** A ustar header. */
const header = ({ name, type, target, size, mode }: Entry): Buffer => {
  const block = Buffer.alloc(BLOCK);
  block.write(name.slice(0, 100), 0, "latin1");
  const number = (value: number, at: number, length: number): number => block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
  number(mode, 100, 8);
  number(0, 108, 8);
  number(0, 116, 8);
  number(size, 124, 12);
  number(1_700_000_000, 136, 12);
  block.fill(" ", 148, 156);
  block.write(type, 156);
  block.write(target.slice(0, 100), 157, "latin1");
  block.write("ustar\x0000", 257);
  number(
    block.reduce((sum, b) => sum + b, 0),
    148,
    8,
  );
  return block;
};
/** The archive, and its bytes without compression where those are known. */
const archiveOf = ({ entries, gzip, edits, cut }: Input): { readonly file: Buffer; readonly plain: Buffer | undefined } => {
  const blocks = entries.flatMap((entry) => [
    header(entry),
    Buffer.alloc(Math.ceil(entry.size / BLOCK) * BLOCK, entry.type === "x" ? "12 path=a\n" : "z"),
  ]);
  const tar = Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
  const file = gzip ? gzipSync(tar, { level: 1 }) : tar;
  for (const [at, value] of edits) if (at < file.length) file[at] = value;
  return { file: file.subarray(0, Math.max(0, file.length - cut)), plain: gzip && edits.length > 0 ? undefined : tar };
};

const wrong = (rule: string, seen: string): Finding => ({ rule, expected: "a tree of named files", seen });
/** Walks a tree and checks that names, types and contents are valid in a file system. */
const walk = (node: HostNode, path: string, lines: string[], plain: Buffer | undefined, depth = 0): Finding | undefined => {
  if (depth > 600) return wrong("no directory is inside of itself", path.slice(0, 80));
  const list = node.readdir();
  if (typeof list === "number") return wrong("a directory can be read", path);
  for (const { name, type } of list) {
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name) || name.length > 255)
      return wrong("names are names", JSON.stringify(name));
    const found = node.lookup(name);
    if (typeof found === "number") return wrong("what is listed is there", `${path}/${name}`);
    const { mode, size } = found.stat;
    lines.push(`${path}/${name} ${mode.toString(8)} ${size}`);
    const into = new Uint8Array(64);
    if (type === 0o100000 && size > 0) {
      const n = found.read(0, into);
      if (n < 0 || (plain && !plain.includes(Buffer.from(into.subarray(0, n)))))
        return wrong("a file has the bytes of the archive", `${path}/${name}`);
    }
    const inner = (mode & 0o170000) === 0o040000 ? walk(found, `${path}/${name}`, lines, plain, depth + 1) : undefined;
    if (inner) return inner;
  }
  return undefined;
};

export const tar = kind<Input>({
  summary: "archives as images: hostile names, links and types, damaged bytes: a tree or a Problem",
  bounds: { seconds: 20, megabytes: 500 },
  draw,
  async check(input) {
    const folder = mkdtempSync(join(tmpdir(), "campaign-tar-"));
    try {
      const file = join(folder, "image.tar");
      const archive = archiveOf(input);
      writeFileSync(file, archive.file);
      const lines: string[] = [];
      try {
        const { tree, close } = await openImage(file, { most: MOST });
        const finding = walk(tree.root, "", lines, archive.plain);
        close();
        if (finding) return { inputs: 1, digest: "finding", finding };
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        lines.push(error.sentence.replaceAll(folder, ""));
      }
      return noFinding(1, digestOf(lines.join("\n")));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  parts: {
    of: ({ entries }) => entries,
    with: (input, entries) => ({ ...input, entries: entries as readonly Entry[] }),
  },
});
