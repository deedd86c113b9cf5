// `npm run graph`: the figures of the kernel's shape (kernel.ts). With `-- upward` also the arrows between
// rooms
// that run upward, with `-- circle` the files of the largest circle.
import { kernelShape } from "./kernel.ts";

const { files, hub, circle, arrows, upward } = kernelShape;
console.log(`${files} files; kernel.ts imports ${hub} modules`);
console.log(`largest circle of imports, types counted: ${circle.length} files`);
console.log(`arrows between rooms: ${arrows}, of which ${upward.length} run upward`);
if (process.argv.includes("upward")) for (const arrow of upward) console.log(`  ${arrow}`);
if (process.argv.includes("circle")) for (const file of [...circle].sort()) console.log(`  ${file}`);
