// Roots of trapgate/browser in Node.js: tar, zip, OCI archives, ranges. Hostile archives end by a Problem.
// test/lab does the same in browsers.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type Zippable, zipSync } from "fflate";
import { packTar, type TarHeader } from "modern-tar";
import { describe, expect, it } from "vitest";
import { machineMethods, openArchive, openRanges, type RangeSource, type RunParams, type RunPart } from "../../src/browser/index.ts";
import type { LayerTree } from "../../src/image/layer-tree.ts";
import { Problem } from "../../src/problem.ts";
import { busybox, missing } from "../support/host.ts";

type Member = Partial<TarHeader> & { readonly name: string; readonly text?: string | Uint8Array };
const bytesOf = (text: string | Uint8Array): Uint8Array => (typeof text === "string" ? new TextEncoder().encode(text) : text);
const tar = (members: readonly Member[]): Promise<Uint8Array> =>
  packTar(
    members.map(({ text = "", ...header }) => {
      const body = bytesOf(text);
      return { header: { size: body.length, mtime: new Date(0), type: "file", ...header } as TarHeader, body };
    }),
  );
const program = busybox("amd64");
const small: readonly Member[] = [
  { name: "etc/motd", text: "welcome\n" },
  { name: "etc/long", text: "x".repeat(3000) },
  { name: "lib", type: "symlink", linkname: "etc" },
];
const withShell = (): readonly Member[] => [
  ...small,
  { name: "bin/busybox", mode: 0o755, text: readFileSync(program.path) },
  { name: "bin/sh", type: "symlink", linkname: "busybox" },
];
const treeOf = ({ tree }: { readonly tree: unknown }): LayerTree => tree as LayerTree;
const textIn = (tree: unknown, name: string): string | undefined => (tree as LayerTree).text(name, 1e6);
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Problem);
  return (error as Problem).message;
};
const outputOf = async (params: RunParams): Promise<{ readonly text: string; readonly status: object }> => {
  let text = "";
  const part = (one: RunPart): void => {
    if (one.kind === "output") text += new TextDecoder().decode(one.bytes);
  };
  const { status } = await machineMethods.run(params, { part, onInput: undefined });
  return { text, status };
};
const ociArchive = async (layers: readonly Uint8Array[], config: object): Promise<Uint8Array> => {
  const files = new Map<string, string | Uint8Array>();
  const blob = (bytes: Uint8Array | string) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    files.set(`blobs/sha256/${hex}`, bytes);
    return { digest: `sha256:${hex}` };
  };
  const manifest = blob(JSON.stringify({ config: blob(JSON.stringify({ config })), layers: layers.map(blob) }));
  files.set("index.json", JSON.stringify({ manifests: [manifest] }));
  files.set("oci-layout", "{}");
  return tar([...files].map(([name, text]) => ({ name, text })));
};

describe("openArchive reads", () => {
  it("tar archives, plain and packed, in one piece and in small ones", async () => {
    const plain = await tar(small);
    const members = gzipSync(plain.subarray(0, 1000));
    const rest = gzipSync(plain.subarray(1000));
    const many = new Uint8Array([...members, ...rest]);
    const pieces = async function* () {
      for (let at = 0; at < plain.length; at += 333) yield plain.subarray(at, at + 333);
    };
    for (const archive of [plain, gzipSync(plain), many, pieces(), new Blob([plain as Uint8Array<ArrayBuffer>]).stream()]) {
      const { tree, start } = await openArchive(archive);
      expect(textIn(tree, "lib/motd")).toBe("welcome\n");
      expect(textIn(tree, "etc/long")).toHaveLength(3000);
      expect(start.entrypoint).toEqual([]);
    }
  });
  it("zip archives: stored and deflated files, folders, modes and links of Unix", async () => {
    const files: Zippable = {
      "etc/motd": bytesOf("welcome\n"),
      "bin/": new Uint8Array(0),
      "bin/tool": [bytesOf("#!/bin/sh\n"), { level: 0, os: 3, attrs: 0o100750 << 16 }],
      "bin/link": [bytesOf("tool"), { os: 3, attrs: 0o120777 << 16 }],
    };
    const { tree } = await openArchive(zipSync(files));
    expect(textIn(tree, "etc/motd")).toBe("welcome\n");
    expect((treeOf({ tree }).find("bin/tool")?.stat.mode ?? 0) & 0o7777).toBe(0o750);
    expect(treeOf({ tree }).find("bin/link")?.readlink()).toBe("tool");
  });
  it("an OCI image with whiteouts, whose digests must hold", async () => {
    const layers = [gzipSync(await tar(small)), await tar([{ name: "etc/.wh.long" }, { name: "new", text: "2" }])];
    const archive = await ociArchive(layers, { Entrypoint: ["/bin/sh"], Env: ["A=1"] });
    const { tree, start } = await openArchive(archive);
    expect([textIn(tree, "etc/long"), textIn(tree, "new"), start.entrypoint, start.env["A"]]).toEqual([undefined, "2", ["/bin/sh"], "1"]);
    const damaged = archive.slice();
    const at = damaged.findIndex((_, n) => new TextDecoder().decode(damaged.subarray(n, n + 6)) === "etc/.w");
    damaged[at + 600] = (damaged[at + 600] as number) ^ 1;
    expect(await refusal(openArchive(damaged))).toMatch(/is damaged|is no tar archive/);
  });
});

describe("a hostile archive is refused:", () => {
  const bomb = new Uint8Array(50_000_000);
  it("a gzip bomb, at its limit", async () => {
    const packed = gzipSync(await tar([{ name: "zeros", text: bomb }]));
    expect(packed.length).toBeLessThan(100_000);
    expect(await refusal(openArchive(packed, { most: 1 << 20 }))).toMatch(/unpacks to more than 1 MiB/);
  });
  it("a zip bomb: by the size that it says, and by a size that it does not keep", async () => {
    const packed = zipSync({ zeros: bomb });
    expect(await refusal(openArchive(packed, { most: 1 << 20 }))).toMatch(/unpacks to more than 1 MiB/);
    const lies = packed.slice();
    const directory = packed.length - 22 - 46 - "zeros".length;
    new DataView(lies.buffer).setUint32(directory + 24, 100, true);
    expect(await refusal(openArchive(lies, { most: 1 << 20 }))).toMatch(/is damaged/);
  });
  it("many entries of a zip archive that share their bytes", async () => {
    const one = zipSync({ a: bomb.subarray(0, 1 << 19) });
    const at = one.length - 22 - 46 - 1;
    const entry = one.subarray(at, at + 47);
    const all = new Uint8Array(at + 47 * 50 + 22);
    all.set(one.subarray(0, at));
    for (let n = 0; n < 50; n++) all.set(entry, at + 47 * n);
    all.set(one.subarray(one.length - 22), at + 47 * 50);
    new DataView(all.buffer).setUint16(all.length - 12, 50, true);
    expect(await refusal(openArchive(all, { most: 1 << 20 }))).toMatch(/unpacks to more than 1 MiB/);
  });
  it("names that lead out, and damaged bytes", async () => {
    expect(await refusal(openArchive(await tar([{ name: "../out", text: "x" }])))).toMatch(/leads out of the image/);
    expect(await refusal(openArchive(zipSync({ "../out": bytesOf("x") })))).toMatch(/leads out of the image/);
    const good = zipSync({ a: bytesOf("hello") });
    expect(await refusal(openArchive(good.subarray(0, good.length - 10)))).toMatch(/no directory at its end/);
    expect(await refusal(openArchive(bytesOf("not an archive, but a text that is long enough to be one".repeat(20))))).toMatch(
      /no tar archive/,
    );
  });
  it("any byte of a zip archive may be another one: a tree, or a Problem", async () => {
    const good = zipSync({ "a/b": bytesOf("hello".repeat(40)), c: bytesOf("x") });
    for (let at = 0; at < good.length; at++)
      for (const value of [0, 0xff, (good[at] as number) ^ 0x10]) {
        const bytes = good.slice();
        bytes[at] = value;
        await openArchive(bytes, { most: 1 << 20 }).catch((error: unknown) => expect(error).toBeInstanceOf(Problem));
      }
  });
});

describe("openRanges", () => {
  const watched = (bytes: Uint8Array) => {
    const source = {
      size: bytes.length,
      taken: 0,
      fails: false,
      read(from: number, to: number) {
        if (source.fails) throw new Error("the network has gone");
        source.taken += to - from;
        return bytes.subarray(from, to);
      },
    };
    return source satisfies RangeSource;
  };
  it("reads headers first, and the bytes of a file when they are wanted", async () => {
    const big = Uint8Array.from({ length: 5_000_000 }, (_, n) => n % 251);
    const long = `${"d/".repeat(120)}deep`;
    const source = watched(await tar([...small, { name: "big", text: big }, { name: long, text: "deep" }]));
    const opened = await openRanges(source);
    expect(source.taken).toBeLessThan(1_000_000);
    expect(textIn(opened!.tree, "lib/motd")).toBe("welcome\n");
    expect(textIn(opened!.tree, long)).toBe("deep");
    const into = new Uint8Array(4_000_000);
    expect(treeOf(opened!).find("big")?.read(1_000_000, into)).toBe(4_000_000);
    expect(Buffer.compare(into, big.subarray(1_000_000))).toBe(0);
    source.fails = true;
    expect(treeOf(opened!).find("big")?.read(600_000, new Uint8Array(10))).toBe(-5);
    // Blocks that were read are kept.
    expect(treeOf(opened!).find("big")?.read(1_000_000, new Uint8Array(10))).toBe(10);
  });
  it("leaves an image to openArchive", async () => {
    expect(await openRanges(watched(await ociArchive([await tar(small)], {})))).toBeUndefined();
  });
});

describe.skipIf(missing("programs in archives", program))("the worker's methods", () => {
  it("run a program of an archive, and that of an image", async () => {
    const archive = gzipSync(await tar(withShell()));
    const args = ["-c", "cat /lib/motd; echo $0"];
    expect(await outputOf({ program: "/bin/sh", root: { archive }, options: { args } })).toEqual({
      text: "welcome\n/bin/sh\n",
      status: { exit: 0 },
    });
    const image = await ociArchive([archive], { Entrypoint: ["/bin/sh", "-c"], Cmd: ["pwd; echo $A"], Env: ["A=1"], WorkingDir: "/etc" });
    expect((await outputOf({ root: { archive: image } })).text).toBe("/etc\n1\n");
    expect(await refusal(outputOf({ root: { archive } }))).toMatch(/which program/);
  });
});
