// Attempts of a guest to leave a given folder, in each mode of mount: nothing beside the folder changes or is
// read.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HostTree, Machine, type MountOptions, type Run } from "trapgate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { byPath } from "../../src/host/node-reach.ts";
import { NodeTree, nodeTree } from "../../src/host/node-tree.ts";
import { emptyFolder } from "../support/guest.ts";
import { gcc, missing, type Need, nativeX64, top } from "../support/host.ts";
import { secrets, surroundings } from "./surroundings.ts";

/** Names of ways-out.c, and the attempt of each. */
const ways = {
  "link-owner": "changes the owner of a link",
  "link-times": "changes the times of a link",
  "link-descriptor": "uses an O_PATH descriptor of a link",
  "stale-file": "uses an open file when a link has its name",
  "stale-parent": "uses an open file when a link has its folder's name",
  "stale-hard-link": "uses an open file whose last name became a link",
  "stale-folder": "uses an open folder when a link has its name",
  "stale-path-descriptor": "uses O_PATH descriptors when a link has their folder's name",
  links: "changes and reads files through links",
  "folder-links": "lists and changes folders through links",
  dangling: "makes files through a link to nothing",
  dots: "goes up with ..",
  "moved-directory": "goes up from a folder that moved",
  "each-component": "has a link as each component of a path",
  "hard-links": "gives names to links and through them",
  renames: "moves links, and moves through links",
  exchange: "exchanges files and links",
  chroots: "changes its root",
  "bind-mounts": "mounts parts of the folder elsewhere",
  "proc-links": "goes through /proc/self",
  "special-files": "opens fifos, devices and sockets",
  "long-names": "makes long names and deep folders",
  attributes: "sets extended attributes",
  unlinked: "uses an open file without a name",
  "huge-unlinked": "removes a file of a terabyte while it is open",
  mapped: "writes a mapping when a link has its file's name",
  nameless: "names files that had none",
  replaced: "uses open files that links took the place of",
  "removed-directory": "works in a folder that a link took the place of",
  execution: "executes what links lead to",
  resolution: "opens with every limit of openat2",
  inherited: "uses an open file in a child",
  transfers: "sends files to files",
} as const;

const modes = ["rw", "cow", "ro"] as const;
const root: Need = { what: "root", met: process.getuid?.() === 0 };
/** Long enough for thousands of exchanges. */
const SWAP_MS = 300;

describe.skipIf(missing("ways out of a mount", nativeX64, gcc, root))("a guest that was given a folder", () => {
  const built = join(top, ".cache", `ways-out-${process.pid}`);
  let program: Uint8Array;
  beforeAll(() => {
    emptyFolder(built);
    const here = join(top, "test", "hostile");
    execFileSync("gcc", ["-O1", "-static", "-w", "-o", join(built, "ways-out"), join(here, "ways-out.c")]);
    execFileSync("gcc", ["-O1", "-o", join(built, "swap"), join(here, "swap.c")]);
    program = readFileSync(join(built, "ways-out"));
  });
  afterAll(() => void execFileSync("rm", ["-rf", built]));

  const run = (
    way: string,
    mode: MountOptions["mode"],
    shared: string,
    outside: string,
    tree: HostTree = nodeTree(shared, { writable: mode === "rw" }),
  ): Promise<Run> =>
    Machine.run("/ways-out", {
      files: { "/ways-out": { content: program, mode: 0o755 } },
      mounts: [{ tree, at: "/m", mode }],
      cwd: "/m",
      args: [way, outside],
      timeout: 30,
    });
  const saidNothing = (seen: string): void => {
    for (const secret of secrets) expect(seen).not.toContain(secret);
  };

  const staysInside = async (
    way: string,
    mode: MountOptions["mode"],
    tree = (shared: string): HostTree => nodeTree(shared, { writable: mode === "rw" }),
  ): Promise<void> => {
    const around = await surroundings();
    try {
      // The first look may move access times.
      around.digest("all");
      const before = around.digest(mode === "rw" ? "beside" : "all");
      const { status, stdout } = await run(way, mode, around.shared, around.outside, tree(around.shared));
      expect(status).toEqual({ exit: 7 });
      expect(stdout.text).toContain(" = ");
      saidNothing(stdout.text);
      expect(around.digest(mode === "rw" ? "beside" : "all")).toBe(before);
    } finally {
      around.remove();
    }
  };

  /** As on systems without /proc: a guest alone does not get out there either. */
  it.each(Object.entries(ways))("as a rw mount by paths: %s: %s", (way) =>
    staysInside(way, "rw", (shared) => new NodeTree(shared, true, byPath)),
  );

  describe.each(modes)("as a %s mount", (mode) => {
    it.each(Object.entries(ways))("%s: %s", (way) => staysInside(way, mode));

    /** Pairs of names below the top folder, exchanged by another process. */
    const swaps: Readonly<Record<string, readonly string[]>> = {
      "a folder with a link": ["shared/d", "shared/d-link"],
      "a file with a link": ["shared/f", "shared/f-link"],
      "a file with a fifo and a device": ["shared/f", "shared/fifo", "shared/f", "shared/device"],
      "a folder and a file with links": ["shared/d", "shared/d-link", "shared/f", "shared/f-link", "shared/d/inner", "shared/d/link"],
      "the mounted folder with a link": ["shared", "shared-link"],
    };
    it.each(Object.entries(swaps))("while another process exchanges %s", async (_what, pairs) => {
      const around = await surroundings();
      const { shared, outside } = around;
      mkdirSync(join(shared, "d"));
      for (const name of ["d/inner", "f"]) writeFileSync(join(shared, name), "inside");
      for (const name of ["f-link", "d/link"]) symlinkSync(join(outside, "victim"), join(shared, name));
      symlinkSync(join(outside, "folder"), join(shared, "d-link"));
      symlinkSync(outside, join(around.top, "shared-link"));
      let other: ChildProcess | undefined;
      try {
        around.digest("all");
        const before = around.digest("outside");
        const tree = nodeTree(shared, { writable: mode === "rw" });
        other = spawn(join(built, "swap"), pairs, { cwd: around.top, stdio: ["ignore", "pipe", "inherit"] });
        await once(other.stdout!, "data");
        for (const end = Date.now() + SWAP_MS; Date.now() < end; ) {
          const { status } = await run("swapped", mode, shared, outside, tree);
          expect(status).toEqual({ exit: 7 });
        }
        other.kill("SIGTERM");
        await once(other, "exit");
        other = undefined;
        expect(around.digest("outside")).toBe(before);
      } finally {
        other?.kill("SIGKILL");
        around.remove();
      }
    });
  });

  it("changes the very file that it opened, even if another one has its name", async () => {
    const around = await surroundings();
    try {
      for (const [way, name] of [
        ["stale-file", "c/victim"],
        ["stale-hard-link", "f"],
      ] as const) {
        await run(way, "rw", around.shared, around.outside);
        const status = statSync(join(around.shared, name));
        expect([way, status.size, status.mode & 0o777, status.uid, status.mtimeMs]).toEqual([way, 0, 0o777, 1234, 2_000_000]);
      }
      await run("stale-folder", "rw", around.shared, around.outside);
    } finally {
      around.remove();
    }
  });
  it("keeps a file of a terabyte without a name on the host, and reads what it wrote", async () => {
    const around = await surroundings();
    try {
      const { stdout } = await run("huge-unlinked", "rw", around.shared, around.outside);
      for (const line of [/ftruncate\(fd, 1L << 40\) = 0/, /pwrite\(fd, "end", 3, .*\) = 3/, /pread\(fd, b, 3, .*\) = 3/])
        expect(stdout.text).toMatch(line);
    } finally {
      around.remove();
    }
  });
  it("finds devices that it may not open, a fifo of its own and a deaf socket", async () => {
    const around = await surroundings();
    try {
      for (const mode of modes) {
        const { stdout } = await run("special-files", mode, around.shared, around.outside);
        const opened = stdout.text.split("\n").filter((line) => line.startsWith("open(path, flags | O_NONBLOCK)"));
        const answers = opened.map((line) => line.replace(/.*= /, "").trim());
        const denied = "-1 Permission denied";
        const none = "-1 No such device or address";
        // O_WRONLY alone has no reader.
        expect(answers.slice(0, 3)).toEqual([expect.stringMatching(/^\d/), none, expect.stringMatching(/^\d/)]);
        expect(answers.slice(3, 12)).toEqual([...Array(6).fill(denied), ...Array(3).fill(none)]);
        expect(stdout.text).toMatch(/connect.* Connection refused/);
      }
    } finally {
      around.remove();
    }
  });
  it.each<[string, (outside: string) => void]>([
    ["content", (outside) => writeFileSync(join(outside, "folder", "inner"), "x")],
    ["mode", (outside) => chmodSync(join(outside, "folder"), 0o700)],
    ["time of access", (outside) => utimesSync(join(outside, "victim"), 1, statSync(join(outside, "victim")).mtime)],
    ["name", (outside) => writeFileSync(join(outside, "fresh"), "")],
  ])("would be seen to change: %s", async (_what, change) => {
    const around = await surroundings();
    try {
      const before = around.digest("beside");
      change(around.outside);
      expect(around.digest("beside")).not.toBe(before);
    } finally {
      around.remove();
    }
  });
});
