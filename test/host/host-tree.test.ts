// trapgate/node: folders of this host in a machine of the library. The judge is the host's own file system.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Machine, type Problem } from "trapgate";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";

const problemOf = (call: () => unknown): Problem => {
  try {
    call();
  } catch (error) {
    return error as Problem;
  }
  throw new Error("it was taken");
};

describe("hostTree", () => {
  it("lets a dynamic program of the host run, and keeps its changes in the machine", () =>
    inFolder(async (folder) => {
      const script = `cat /etc/hostname > ${folder}/seen; cat ${folder}/seen; ls ${folder}`;
      const run = await Machine.run("/bin/sh", { root: hostTree("/"), args: ["-c", script] });
      expect(run.stderr.text).toBe("");
      expect(run.stdout.text).toBe(`${readFileSync("/etc/hostname", "utf8")}seen\n`);
      expect(existsSync(join(folder, "seen"))).toBe(false);
    }));
  it("lets changes of a writable mount reach the host, and those of no other", () =>
    inFolder(async (folder) => {
      for (const name of ["open", "shut"]) mkdirSync(join(folder, name));
      const run = await Machine.run("/bin/sh", {
        root: hostTree("/"),
        mounts: [
          { tree: hostTree(pathToFileURL(join(folder, "open")), { writable: true }), at: "/mnt", mode: "rw" },
          { tree: hostTree(join(folder, "shut")), at: "/media", mode: "ro" },
        ],
        args: ["-c", "echo text > /mnt/made; echo text > /media/made"],
      });
      expect(run.stderr.text).toMatch(/\/media\/made: Read-only file system/);
      expect(readFileSync(join(folder, "open", "made"), "utf8")).toBe("text\n");
      expect(existsSync(join(folder, "shut", "made"))).toBe(false);
    }));
  it("resolves links inside of the folder alone", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "secret"), "text");
      mkdirSync(join(folder, "shown"));
      symlinkSync(join(folder, "secret"), join(folder, "shown", "link"));
      const mounts = [{ tree: hostTree(join(folder, "shown")), at: "/mnt", mode: "ro" }] as const;
      const { status, stdout } = await Machine.run("/bin/cat", { root: hostTree("/usr"), mounts, args: ["/mnt/link"] });
      expect([status, stdout.text]).toEqual([{ exit: 1 }, ""]);
    }));
  it("of more names than the memory holds is a user's mistake, at each size", { timeout: 60_000 }, () =>
    inFolder(async (folder) => {
      for (let i = 0; i < 5000; i++) writeFileSync(join(folder, `file${i}`), "");
      const messages = new Set<string>();
      for (let kilobytes = 1024; kilobytes <= 8192; kilobytes += 512) {
        const run = Machine.run("/none", { root: hostTree(folder), memory: kilobytes * 1024 });
        messages.add(
          await run.then(
            () => "ran",
            (error: Problem) => `${error.name}: ${error.sentence}`,
          ),
        );
      }
      expect([...messages].sort()).toEqual([
        "Problem: /none: not found",
        "Problem: the guest's memory is used up before its program starts",
      ]);
    }),
  );
  it.each([
    [() => hostTree("/no/such/folder"), "/no/such/folder does not exist"],
    [() => hostTree("/etc/hostname"), "/etc/hostname is not a folder"],
    [() => hostTree(3 as never), "hostTree wants the path of a folder or a file: URL, not 3"],
    [() => hostTree(new URL("https://example.org/")), 'hostTree wants the path of a folder or a file: URL, not "https://example.org/"'],
    [() => hostTree("/", { writable: "yes" } as never), 'writable must be true or false, not "yes"'],
    [() => hostTree("/", { writeable: true } as never), "there is no option writeable (its value is true)"],
  ])("%s is refused", (call, message) => {
    const { name, sentence: found } = problemOf(call);
    expect([name, found]).toEqual(["Problem", message]);
  });
});
