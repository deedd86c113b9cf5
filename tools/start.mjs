// `npm start`: install and build if need be, then hello through each door, then the landmines.
import { join } from "node:path";
import { load } from "../bin/trapgate.js";
import { build, install, top } from "./setup.mjs";

install();
build();

// In this process: the emulator's code is compiled once for all of them.
const { main } = load();
const doors = ["hello-syscall", "hello-int80-64", "hello-int80-32", "hello-vdso32", "hello-syscall32"];
for (const door of doors) {
  await main(["run", join(top, "guest", "bin", door)]);
  if (process.exitCode !== 0) process.exit();
}
await main(["landmines"]);
