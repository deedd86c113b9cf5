// The watchdog of work on data of others: idle work is ended, and a stopped process is not.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { top } from "../support/host.ts";

const child = (code: string) =>
  spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", `import { watchdog } from "${top}/src/host/watchdog.ts";${code}`],
    {
      cwd: top,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );

describe("a watchdog", () => {
  it("ends work that makes no step", { timeout: 60_000 }, async () => {
    const busy = child(`watchdog(600, "no step\\n"); for (;;);`);
    let text = "";
    busy.stderr.on("data", (bytes) => (text += bytes));
    const [, signal] = await once(busy, "close");
    expect([signal, text]).toEqual(["SIGKILL", "no step\n"]);
  });
  it("leaves a process that was stopped longer than that", { timeout: 60_000 }, async () => {
    const stopped = child(`
      const watch = watchdog(1000, "no step\\n");
      const steps = setInterval(() => watch.step(), 100);
      console.log("ready");
      setTimeout(() => { clearInterval(steps); watch.end(); }, 700);`);
    await once(stopped.stdout, "data");
    stopped.kill("SIGSTOP");
    await pause(1500);
    stopped.kill("SIGCONT");
    expect(await once(stopped, "exit")).toEqual([0, null]);
  });
});
