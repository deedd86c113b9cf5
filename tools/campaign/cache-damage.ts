// Damaged files of the cache.
import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../oracle/random.ts";

// biome-ignore format: table
const damages = ["flip", "flip", "cut", "grow", "empty", "garbage", "fifo", "folder", "link to /dev/zero", "link to itself", "writable", "unreadable", "of another program", "header"] as const;
/** One damage to one file. */
export interface Damage {
  readonly do: "damage";
  readonly how: (typeof damages)[number];
  readonly where: number;
}
export const drawDamage = (r: Random): Damage => ({ do: "damage", how: r.pick(damages), where: r.below(10_000) });

/** Earlier damage may have left a folder, a fifo or a link to itself. */
const contentOf = (path: string): Buffer => (lstatSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : Buffer.alloc(0));
const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

/** Damages files of the cache in place. A file is trusted as far as its owner and mode allow. */
export const damage = (folder: string, { how, where }: Damage): void => {
  const names = readdirSync(folder).sort();
  const name = names[where % Math.max(1, names.length)] ?? "00000000";
  const path = join(folder, name);
  const bytes = names.length > 0 ? contentOf(path) : Buffer.alloc(0);
  const at = bytes.length === 0 ? 0 : where % bytes.length;
  const put = (content: Uint8Array): void => {
    rmSync(path, { force: true, recursive: true });
    writeFileSync(path, content, { mode: 0o600 });
  };
  const noise = Buffer.alloc(4096);
  new Random(where).fill(noise);
  switch (how) {
    case "flip":
      if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << (where & 7));
      return put(bytes);
    case "header":
      if (bytes.length > 8) bytes.writeUInt32LE(where & 1 ? 0xffff_fff0 : where, 4);
      return put(bytes);
    case "cut":
      return put(bytes.subarray(0, at));
    case "grow":
      return put(Buffer.concat([bytes, noise]));
    case "empty":
      return put(Buffer.alloc(0));
    case "garbage":
      return put(noise);
    case "of another program":
      return put(names.length > 1 ? contentOf(join(folder, names[(where + 1) % names.length] as string)) : noise);
    case "writable":
    case "unreadable":
      // Modes of links are those of their targets.
      if (!isLink(path)) chmodSync(path, how === "writable" ? 0o666 : 0);
      return;
  }
  rmSync(path, { force: true, recursive: true });
  if (how === "folder") mkdirSync(path);
  else if (how === "fifo") spawnSync("mkfifo", [path]);
  else symlinkSync(how === "link to itself" ? name : "/dev/zero", path);
};
