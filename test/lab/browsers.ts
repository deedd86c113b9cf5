// Debian's Chromium and Firefox, installed by apt where they are missing and this is root.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, firefox } from "playwright-core";

/** Root's Chromium starts without its own sandbox only; the pages are ours. */
const isRoot = process.getuid?.() === 0;
const driven = fileURLToPath(new URL("firefox.mjs", import.meta.url));

export interface BrowserKind {
  readonly name: "Chromium" | "Firefox";
  readonly path: string;
  /** Debian's package. */
  readonly package: string;
  readonly launch: () => Promise<Browser>;
}

export const browserKinds: readonly BrowserKind[] = [
  {
    name: "Chromium",
    path: "/usr/bin/chromium",
    package: "chromium",
    launch: () => chromium.launch({ executablePath: "/usr/bin/chromium", args: isRoot ? ["--no-sandbox"] : [] }),
  },
  {
    name: "Firefox",
    path: "/usr/bin/firefox-esr",
    package: "firefox-esr",
    // The channel means WebDriver BiDi, which Mozilla's own builds speak.
    launch: () => firefox.launch({ channel: "moz-firefox", executablePath: driven }),
  },
];

/** True if the browser is there, at the end at least. */
export const findBrowser = ({ path, package: name }: BrowserKind): boolean => {
  if (existsSync(path)) return true;
  if (!isRoot) return false;
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", name, "fonts-dejavu-core"]])
    spawnSync("apt-get", args, { stdio: "ignore", env: environment });
  return existsSync(path);
};
