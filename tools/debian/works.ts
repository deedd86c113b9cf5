import { spawnSync } from "node:child_process";

/** True if the command exists and ends with 0. */
export const works = (command: readonly string[]): boolean =>
  spawnSync(command[0] as string, command.slice(1), { stdio: "ignore" }).status === 0;
