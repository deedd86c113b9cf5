// `npm run test:lab`: builds the page, and drives it in Debian's Chromium as a person would. The last line is the count.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { top } from "../support/host.ts";
import { findChromium, launch } from "./browsers.ts";
import { equalChecks, exampleCheck } from "./checks/equal.ts";
import { lessonChecks } from "./checks/lessons.ts";
import { pageChecks } from "./checks/page.ts";
import { peopleChecks } from "./checks/people.ts";
import type { Check } from "./harness.ts";
import { serveFolder } from "./server.ts";

const only = process.argv[2];
const executable = findChromium();
if (!executable) {
  console.log("SKIPPED: there is no /usr/bin/chromium, and this user cannot install it (apt-get install chromium)");
  process.exit(process.env["CI"] ? 1 : 0);
}
const pictures = join(top, ".cache", "lab");
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures, { recursive: true });
if (!process.argv.includes("--built")) {
  const { status } = spawnSync(process.execPath, [join(top, "lab", "build.mjs")], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

const folder = join(top, "dist", "lab");
const site = await serveFolder(folder, { prefix: "/some/folder/", isolated: false });
const isolated = await serveFolder(folder, { prefix: "/", isolated: true });
const browser = await launch(executable);
const checks: readonly Check[] = [...pageChecks, ...lessonChecks, ...peopleChecks, ...equalChecks, exampleCheck];
let [passed, failed] = [0, 0];
for (const { name, run } of checks) {
  if (only && !only.startsWith("-") && !name.includes(only)) continue;
  const begun = Date.now();
  try {
    await run({ browser, site, isolated, pictures });
    passed++;
    console.log(`ok    ${name} (${Date.now() - begun} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${(error as Error).stack?.split("\n").slice(0, 12).join("\n      ")}`);
  }
}
await browser.close();
site.close();
isolated.close();
console.log(`lab: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
