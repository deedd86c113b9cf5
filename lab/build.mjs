// `npm run lab:build`: the page in dist/lab. Generated code of the processor comes first.
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { generate } from "../tools/generated.mjs";

export const configFile = fileURLToPath(new URL("vite.config.ts", import.meta.url));

export const buildLab = async () => {
  generate();
  await build({ configFile, logLevel: "error" });
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildLab();
