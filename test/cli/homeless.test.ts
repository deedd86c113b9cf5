// A user without HOME and without an entry in the passwd file, as `docker run --user 12345` makes one.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { emptyFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

describe("a user without a home", () => {
  const cwd = join(top, ".cache", `homeless-${process.pid}`);
  beforeAll(() => {
    emptyFolder(cwd);
    mkdirSync(join(cwd, "empty"));
    writeFileSync(join(cwd, "unknown.cjs"), `require("node:os").homedir = () => { throw new Error("ENOENT"); };\n`);
  });
  afterAll(() => rmSync(cwd, { recursive: true }));
  const command = (home: string | undefined, ...args: string[]) => {
    const { HOME: _home, XDG_CACHE_HOME: _base, ...env } = process.env;
    const unknown = { NODE_OPTIONS: `--require ${join(cwd, "unknown.cjs")}` };
    const options = { cwd: join(cwd, "empty"), env: { ...env, NO_COLOR: "1", ...(home === undefined ? unknown : { HOME: home }) } };
    const { status, stdout, stderr } = trapgate(args, options);
    return { status, stdout, stderr };
  };

  it.each([undefined, "", "relative"])("runs programs without a cache: HOME %j", (home) => {
    expect(command(home, "run", guestPath("hello-syscall"))).toEqual({
      status: 0,
      stdout: trapgate(["run", guestPath("hello-syscall")]).stdout,
      stderr: "",
    });
    expect(readdirSync(join(cwd, "empty"))).toEqual([]);
  });
  it("hears what the command about the cache wants", () => {
    const { status, stderr } = command(undefined, "cache", "list");
    expect(stderr).toContain("there is no folder for the cache: this user has no home");
    expect(stderr).toContain("--code-cache DIR");
    expect(status).toBe(125);
    expect(command(undefined, "cache", "--code-cache", cwd, "list").status).toBe(0);
  });
});
