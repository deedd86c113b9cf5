// `npm run test:lab [-- NAME] [--browser NAME] [--built]`: builds the page, and drives it in Debian's
// Chromium and Firefox as a user would. The last line is the count.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { top } from "../support/host.ts";
import { browserKinds, findBrowser } from "./browsers.ts";
import { equalChecks, exampleCheck } from "./checks/equal.ts";
import { lessonChecks } from "./checks/lessons.ts";
import { pageChecks } from "./checks/page.ts";
import { paneChecks } from "./checks/panes.ts";
import { peopleChecks } from "./checks/people.ts";
import { recordingChecks } from "./checks/recordings.ts";
import { rootChecks } from "./checks/roots.ts";
import { hasShell, terminalChecks } from "./checks/terminal.ts";
import type { Check } from "./harness.ts";
import { serveFolder } from "./server.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: "string" }, built: { type: "boolean" } },
});
const [only = ""] = positionals;
if (!values.built) {
  const { status } = spawnSync(process.execPath, [join(top, "lab", "build.mjs")], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
const folder = join(top, "dist", "lab");
const checks: readonly Check[] = [
  ...pageChecks,
  ...paneChecks,
  ...terminalChecks,
  ...lessonChecks,
  ...peopleChecks,
  ...equalChecks,
  exampleCheck,
  ...rootChecks,
  ...recordingChecks,
];
let [passed, failed] = [0, 0];
if (!hasShell) {
  console.log("SKIPPED: checks of the shell: there is no busybox-static in .cache/debian (npm run setup)");
  if (process.env["CI"]) failed++;
}

for (const kind of browserKinds) {
  if (values.browser && values.browser.toLowerCase() !== kind.name.toLowerCase()) continue;
  if (!findBrowser(kind)) {
    console.log(`SKIPPED: there is no ${kind.path}, and this user cannot install it (apt-get install ${kind.package})`);
    if (process.env["CI"]) failed++;
    continue;
  }
  const pictures = join(top, ".cache", "lab", kind.name.toLowerCase());
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
  const site = await serveFolder(folder, { prefix: "/some/folder/", isolated: false });
  const isolated = await serveFolder(folder, { prefix: "/", isolated: true });
  const browser = await kind.launch();
  console.log(`${kind.name} ${browser.version()}`);
  for (const { name, run } of checks) {
    if (!name.includes(only)) continue;
    const begun = Date.now();
    try {
      await run({ name: kind.name, browser, site, isolated, pictures });
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
}
console.log(`lab: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
