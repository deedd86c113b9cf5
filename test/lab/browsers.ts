// Debian's Chromium, installed by apt where it is missing and this is root.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** The path of the browser; undefined: there is none, and it cannot be installed. */
export const findChromium = (): string | undefined => {
  if (existsSync(CHROMIUM)) return CHROMIUM;
  if (process.getuid?.() !== 0) return undefined;
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]])
    spawnSync("apt-get", args, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  return existsSync(CHROMIUM) ? CHROMIUM : undefined;
};

const FIREFOX = "/usr/bin/firefox-esr";
/** Debian's Firefox, if it is installed: it is no condition. */
export const findFirefox = (): string | undefined => (existsSync(FIREFOX) ? FIREFOX : undefined);

/** Root's Chromium starts without its own sandbox only; the pages are ours. */
export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
