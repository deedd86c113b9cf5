// `npm start`: install and build if need be, then hello through each door, then the landmines.
import { join } from "node:path";
import { build, install, run, top } from "./setup.mjs";

install();
build();

const trapgate = (...args) => run(process.execPath, [join(top, "bin", "trapgate.js"), ...args]);
const doors = ["hello-syscall", "hello-int80-64", "hello-int80-32", "hello-vdso32", "hello-syscall32"];
for (const door of doors) trapgate("run", join("guest", "bin", door));
trapgate("landmines");
