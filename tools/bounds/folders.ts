// Images and journals of overlays that ask for endless work or memory: those of the campaign, and large ones.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar, type TarHeader } from "modern-tar";
import { build as buildImage, draw as drawImage } from "../campaign/edge/image.ts";
import { build as buildOverlay, draw as drawOverlay } from "../campaign/edge/overlay.ts";
import type { Random } from "../oracle/random.ts";

const MEGABYTE = 2 ** 20;
const header = (name: string, more: Partial<TarHeader> = {}): TarHeader => ({
  name,
  type: "file",
  mode: 0o644,
  size: 0,
  mtime: new Date(0),
  ...more,
});
type Layer = readonly { readonly header: TarHeader; readonly body?: Uint8Array }[];
/** `n`: from 1 to 8192. */
const layers: readonly ((n: number, r: Random) => Layer)[] = [
  (n) => Array.from({ length: 8 * n }, (_, i) => ({ header: header(`d${i % 50}/f${i}`) })),
  (n) => [{ header: header("zeros", { size: (n * MEGABYTE) / 16 }), body: new Uint8Array((n * MEGABYTE) / 16) }],
  (n) => [{ header: header(`${"a/".repeat(n % 2000)}f`) }],
  (n) => Array.from({ length: n }, (_, i) => ({ header: header(`l${i}`, { type: "symlink", linkname: `l${i + 1}` }) })),
  (n) => Array.from({ length: n }, (_, i) => ({ header: header(`h${i}`, i === 0 ? {} : { type: "link", linkname: `h${i - 1}` }) })),
  (n) => Array.from({ length: n }, () => ({ header: header("same", { size: 1000 }), body: new Uint8Array(1000) })),
  (n) => Array.from({ length: n }, (_, i) => ({ header: header(`.wh.${i}`) })),
];

/** Writes a hostile image. */
export const writeImage = async (folder: string, r: Random): Promise<void> => {
  mkdirSync(folder);
  if (r.chance(0.3)) return buildImage(folder, drawImage(r));
  const tar = await packTar([...r.pick(layers)(2 ** r.below(14), r)] as Parameters<typeof packTar>[0]);
  const count = r.pick([1, 1, 3, 60]);
  const layer = gzipSync(tar, { level: 1 });
  writeFileSync(join(folder, "layer.tar.gz"), layer);
  const digest = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
  const diffs = Array.from({ length: count }, () => digest);
  writeFileSync(join(folder, "config.json"), JSON.stringify({ config: { Cmd: ["/none"] }, rootfs: { diff_ids: diffs } }));
  const manifest = [{ Config: "config.json", Layers: diffs.map(() => "layer.tar.gz") }];
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
};

const ROOT = 1;
const directory = { mode: 0o40755, uid: 0, gid: 0, rdev: 0, times: [0, 0, 0, 0, 0, 0] };
const regular = { ...directory, mode: 0o100644 };
/** Records as a run could have made them: `n` is from 1 to 65536. */
const journals: readonly ((n: number) => Parameters<typeof buildOverlay>[1]["records"])[] = [
  (n) => Array.from({ length: n }, (_, i) => ({ nodes: [[i + 2, regular]], names: [[ROOT, `f${i}`, i + 2]] })),
  (n) => Array.from({ length: n }, (_, i) => ({ nodes: [[i + 2, directory]], names: [[i + ROOT, "d", i + 2]] })),
  (n) => Array.from({ length: n }, (_, i) => ({ names: [[ROOT, `removed${i}`, 0]] })),
  (n) => [{ nodes: [[2, { ...regular, base: 0 }]], names: [[ROOT, "large", 2]], chunks: [[2, 0, n * 16]] }],
  (n) => Array.from({ length: n }, (_, i) => ({ nodes: [[2, { ...regular, uid: i }]], names: [[ROOT, "same", 2]] })),
  (n) => [{ nodes: [[2, { ...regular, xattrs: Object.fromEntries(Array.from({ length: n }, (_, i) => [`user.a${i}`, "x"])) }]] }],
];

/** Writes a hostile overlay. */
export const writeOverlay = (folder: string, r: Random): void => {
  mkdirSync(folder);
  if (r.chance(0.6)) return buildOverlay(folder, { records: r.pick(journals)(2 ** r.below(17)), edits: [], cut: 0, links: [] });
  const parts = Array.from({ length: r.pick([1, 10, 1000]) }, () => drawOverlay(r));
  const [{ edits, cut, links }] = parts as [ReturnType<typeof drawOverlay>];
  buildOverlay(folder, { records: parts.flatMap(({ records }) => records), edits, cut, links });
};
