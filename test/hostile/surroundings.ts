// A folder for a mount and its surroundings, and a digest of the files that guests may not change there.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Texts that no guest may read. */
export const secrets = ["the victim's secret", "the inner secret", "inner-secret-name"] as const;

export interface Surroundings {
  readonly top: string;
  readonly shared: string;
  readonly outside: string;
  /** The digest of all files outside, of all beside the shared folder, or of that folder, too. */
  digest(what: "outside" | "beside" | "all"): string;
  remove(): void;
}

/** O_NOATIME: the check must not change the files. */
const looking = constants.O_RDONLY | 0o1000000;
const contentOf = (path: string): Buffer => {
  const fd = openSync(path, looking);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
};

/**
 * One line for each file: all results of lstat and reading, without the access times of files that guests may
 * read.
 */
const describe = (path: string, accessTimes: boolean, leaveOut: string | undefined): string[] => {
  const s = lstatSync(path, { bigint: true });
  const content = s.isFile() ? contentOf(path) : s.isSymbolicLink() ? readlinkSync(path, "buffer") : Buffer.alloc(0);
  const hash = createHash("sha256").update(content).digest("hex");
  const line = [path, s.mode, s.uid, s.gid, s.size, s.nlink, s.rdev, s.ino, s.mtimeNs, s.ctimeNs, accessTimes ? s.atimeNs : 0, hash].join(
    " ",
  );
  if (!s.isDirectory()) return [line];
  const names = readdirSync(path).sort();
  const below = names.map((name) => join(path, name)).filter((name) => name !== leaveOut);
  return [line, ...below.flatMap((name) => describe(name, accessTimes, leaveOut))];
};

const special = async (shared: string): Promise<void> => {
  execFileSync("mkfifo", [join(shared, "fifo")]);
  execFileSync("mknod", ["-m", "666", join(shared, "device"), "c", "1", "3"]);
  execFileSync("mknod", ["-m", "666", join(shared, "block"), "b", "7", "250"]);
  const server = createServer().listen(join(shared, "listening"));
  await once(server, "listening");
  // Closing it removes the name that it was bound to, and no other.
  renameSync(join(shared, "listening"), join(shared, "socket"));
  server.close();
  await once(server, "close");
};

/** Root makes the special files. */
export const surroundings = async (): Promise<Surroundings> => {
  const top = mkdtempSync(join(tmpdir(), "trapgate-hostile-"));
  const [shared, outside] = [join(top, "shared"), join(top, "outside")];
  for (const folder of [shared, join(shared, "sub"), outside, join(outside, "folder")]) mkdirSync(folder);
  writeFileSync(join(outside, "victim"), secrets[0], { mode: 0o600 });
  writeFileSync(join(outside, "folder", "inner"), secrets[1], { mode: 0o600 });
  writeFileSync(join(outside, "folder", secrets[2]), "");
  symlinkSync("inner", join(outside, "folder", "inner-link"));
  writeFileSync(join(shared, "file"), "inside");
  const links = {
    "to-victim": join(outside, "victim"),
    "up-to-victim": "../outside/victim",
    "to-folder": join(outside, "folder"),
    "up-to-folder": "../outside/folder",
    "sub/up-to-victim": "../../outside/victim",
    dangling: join(outside, "fresh"),
    chain: "to-victim",
    "to-root": "/",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(shared, name));
  await special(shared);
  return {
    top,
    shared,
    outside,
    digest: (what) =>
      [
        ...(what === "outside" ? describe(outside, true, undefined) : describe(top, what === "beside", shared)),
        ...(what === "all" ? describe(shared, false, undefined) : []),
      ].join("\n"),
    remove: () => void execFileSync("rm", ["-rf", top]),
  };
};
