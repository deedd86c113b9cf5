// `npm run lab`: builds the page and serves it.
import { preview } from "vite";
import { buildLab, configFile } from "./build.mjs";

await buildLab();
const server = await preview({ configFile, preview: { host: "127.0.0.1" } });
server.printUrls();
