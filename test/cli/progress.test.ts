// The line of progress: on a terminal, after two seconds, gone at the end.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { missing, top } from "../support/host.ts";

const script = { what: "script(1) of util-linux", met: spawnSync("script", ["--version"], { stdio: "ignore" }).status === 0 };
// Random schedules have no last one: only the time ends the search, on a fast machine too.
const search = ["explore", "--search", "random", "--never", "ptrace"];

describe.skipIf(missing("progress on a terminal", script))("a search of some seconds", { timeout: 60_000 }, () => {
  it("shows the schedules tried and the seconds, and removes the line", () => {
    const command = `node bin/trapgate.js ${search.join(" ")} --seconds 4 ${guestPath("d6")}`;
    const { stdout } = spawnSync("script", ["-qec", command, "/dev/null"], {
      cwd: top,
      encoding: "utf8",
      env: { ...process.env, TERM: "xterm" },
    });
    const seen = stdout.replaceAll("\u001b", "ESC");
    expect(seen).toMatch(/\r\d+ schedules tried, 2 sESC\[K/);
    expect(seen).toMatch(/ESC\[K.*no violation.* in \d+ schedules/s);
  });
  it("writes nothing of it to a pipe", () => {
    expect(trapgate([...search, "--seconds", "3", guestPath("d6")]).stderr).toBe("");
  });
});
