// Directories as images: names and links of a manifest that lead anywhere, wrong digests, damaged JSON, small
// limits. An image opens, or a Problem says why not; no byte from outside of the directory is read.
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar, type TarHeader } from "modern-tar";
import { WorkBudget } from "../../../src/budget.ts";
import { openImage } from "../../../src/host/image/image.ts";
import { Problem } from "../../../src/problem.ts";
import type { Random } from "../../oracle/random.ts";
import { inScratch } from "../cli.ts";
import { digestOf } from "../digest.ts";
import { type Finding, kind, noFinding } from "../kind.ts";

interface Input {
  readonly form: "docker" | "oci" | "both";
  readonly config: string;
  readonly layers: readonly string[];
  readonly links: readonly (readonly [name: string, target: string])[];
  /** A byte of a part that is another one. */
  readonly damage: readonly (readonly [part: number, at: number, value: number])[];
  readonly digests: "right" | "wrong" | "none";
  readonly bytes: number;
  readonly most: number;
}

const SECRET = "SECRET of the host";
// biome-ignore format: table
const names = [
  "layer.tar", "layer.tar.gz", "config.json", "sub/layer.tar", "sub/../layer.tar", "../outside.tar", "sub/../../outside.tar", "/proc/kmsg", "/dev/zero", "/etc/passwd",
  "../../../../../../dev/stdin", "link", "loop", "sub", "", ".", "..", "//layer.tar", "\0", "x".repeat(300), "layer.tar/x", "blobs/sha256/0", "constructor",
] as const;
const targets = [
  "layer.tar",
  "../outside.tar",
  "/etc/passwd",
  "loop",
  "link",
  "sub",
  "..",
  "/",
  "../image/layer.tar",
  "/dev/zero",
] as const;
/** An image, and how much of it may be read. */
export const draw = (r: Random): Input => ({
  form: r.pick(["docker", "oci", "both"]),
  config: r.chance(0.6) ? "config.json" : r.pick(names),
  layers: Array.from({ length: r.below(4) }, () => (r.chance(0.4) ? r.pick(["layer.tar", "layer.tar.gz"]) : r.pick(names))),
  links: Array.from({ length: r.below(4) }, () => [r.pick(["link", "loop", "sub/layer.tar", "sub/link"]), r.pick(targets)] as const),
  damage: r.chance(0.3) ? Array.from({ length: 1 + r.below(3) }, () => [r.below(8), r.below(2000), r.below(256)] as const) : [],
  digests: r.pick(["right", "right", "wrong", "none"]),
  bytes: r.pick([2 ** 26, 2 ** 26, 2 ** 20, 2000, 1]),
  most: r.pick([2 ** 24, 2 ** 24, 4096, 0]),
});

const archive = (files: Readonly<Record<string, string>>): Promise<Uint8Array> =>
  packTar(
    Object.entries(files).map(([name, text]) => ({
      header: { name, type: "file", mode: 0o644, size: text.length, mtime: new Date(0) } as TarHeader,
      body: new TextEncoder().encode(text),
    })),
  );
const hexOf = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** Writes the image's files. */
export const build = async (folder: string, { form, config, layers, links, damage, digests }: Input): Promise<void> => {
  const layer = Buffer.from(await archive({ inside: "inside", "a/b": "b" }));
  const digest = (bytes: Uint8Array | string): string => `sha256:${digests === "wrong" ? "0".repeat(64) : hexOf(bytes)}`;
  const rootfs = digests === "none" ? {} : { rootfs: { diff_ids: layers.map(() => digest(layer)) } };
  const configText = JSON.stringify({ config: { Cmd: ["/inside"] }, ...rootfs });
  const parts: Record<string, Buffer> = {
    "layer.tar": layer,
    "layer.tar.gz": gzipSync(layer, { level: 1 }),
    "config.json": Buffer.from(configText),
    "manifest.json": Buffer.from(JSON.stringify([{ Config: config, Layers: layers }])),
    "oci-layout": Buffer.from("{}"),
  };
  const blob = (bytes: Buffer | string): object => {
    parts[`blobs/sha256/${hexOf(bytes)}`] = Buffer.from(bytes);
    return { digest: digest(bytes), size: bytes.length };
  };
  const manifest = JSON.stringify({ config: blob(configText), layers: layers.map(() => blob(layer)) });
  parts["index.json"] = Buffer.from(JSON.stringify({ manifests: [blob(manifest)] }));
  for (const [n, [name, bytes]] of Object.entries(parts).entries()) {
    if ((form === "docker" && /^(index|oci)/.test(name)) || (form === "oci" && name === "manifest.json")) continue;
    for (const [part, at, value] of damage) if (part === n && at < bytes.length) bytes[at] = value;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  mkdirSync(join(folder, "sub"), { recursive: true });
  for (const [name, target] of links) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(target, join(folder, name));
  }
};

export const image = kind<Input>({
  summary: "directories as images: names and links that lead anywhere, digests, small limits: a tree or a Problem",
  bounds: { seconds: 20, megabytes: 500 },
  draw,
  check: (input) =>
    inScratch(async (scratch) => {
      const folder = join(scratch, "image");
      await build(folder, input);
      writeFileSync(join(scratch, "outside.tar"), await archive({ secret: SECRET }));
      try {
        const budget = new WorkBudget({ seconds: 5, bytes: input.bytes });
        const { tree, close } = await openImage(folder, { most: input.most, budget });
        const secret = ["secret", "root:x", "etc"].find((name) => tree.find(name));
        close();
        const finding: Finding = { rule: "nothing outside of the image is read", expected: "its own layers", seen: `${secret}` };
        if (secret !== undefined) return { inputs: 1, digest: "finding", finding };
        return noFinding(1, digestOf("opened"));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return noFinding(1, digestOf(error.kind));
      }
    }),
  parts: { of: ({ links }) => links, with: (input, links) => ({ ...input, links: links as Input["links"] }) },
});
