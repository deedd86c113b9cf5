// Opens an address in the browser of the desktop, if there is one.
import { spawn } from "node:child_process";

const opener = (): readonly string[] | undefined => {
  if (process.platform === "darwin") return ["open"];
  if (process.platform === "win32") return ["cmd", "/c", "start", ""];
  return process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"] ? ["xdg-open"] : undefined;
};

/**
 * Opens the address in the user's browser. False if there is no desktop. A failed start is no mistake,
 * because the address is also printed.
 */
export const openBrowser = (url: string): boolean => {
  const [program, ...args] = opener() ?? [];
  if (program === undefined) return false;
  const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
  child.once("error", () => {});
  child.unref();
  return true;
};
