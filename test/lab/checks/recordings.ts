// A recording in the page: it runs once more, and the timeline goes through it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trapgate } from "../../support/cli.ts";
import { top } from "../../support/host.ts";
import { type Check, ends, withPage } from "../harness.ts";

const OPEN = "Open an ELF program, assembly, a saved run or an archive";

export const recordingChecks: readonly Check[] = [
  {
    name: "a recording runs once more, and is gone through forward and back",
    async run(world) {
      const folder = mkdtempSync(join(tmpdir(), "trapgate-lab-"));
      const file = join(folder, "run.rec");
      const run = trapgate(["record", "-o", file, join(top, "guest", "bin", "a1-fixed")]);
      try {
        await withPage(world, {}, async (page) => {
          await ends(page, () => page.getByLabel(OPEN).setInputFiles(file));
          assert.match((await page.getByRole("status").last().textContent()) ?? "", /Run ended: killed by SIGSYS/);
          assert.equal(await page.getByLabel("Start under a policy").count(), 0);
          assert.match((await page.locator(".about").first().textContent()) ?? "", /^run\.rec: a run that trapgate record wrote/);
          await page.getByRole("tab", { name: "Time" }).click();
          const moment = page.locator("div.steps output");
          const at = async (): Promise<number> => {
            await page.waitForFunction(() => document.querySelector("div.steps")?.getAttribute("aria-busy") === "false");
            return Number.parseInt((await moment.textContent()) ?? "", 10);
          };
          await page.waitForFunction(() => /^\d+:\d+$/.test(document.querySelector("div.steps output")?.textContent ?? ""));
          await page.getByRole("button", { name: "To the end" }).click();
          const end = await at();
          await page.getByRole("button", { name: "The denied call before" }).click();
          await at();
          await page.getByRole("button", { name: "To the start" }).click();
          await page.getByRole("button", { name: "The next denied call" }).click();
          const denied = await at();
          await page.getByRole("button", { name: "One instruction back" }).click();
          assert.equal(await at(), denied - 1);
          assert.ok(denied <= end);
          await page.screenshot({ path: join(world.pictures, "recording.png") });
        });
        assert.equal(run.status, 159);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];
