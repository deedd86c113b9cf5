// trapgate/browser in a page of another author: programs in a fetched archive, in a zip file, in an image. A
// bomb is refused.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { zipSync } from "fflate";
import { packTar, type TarHeader } from "modern-tar";
import { top } from "../../support/host.ts";
import type { Check } from "../harness.ts";

const FILLER = 30_000_000;
/** Headers, the program, and the blocks around them. */
const MOST_FETCHED = 3_000_000;
const hello = new Uint8Array(readFileSync(join(top, "guest", "bin", "hello-syscall")));

const tar = (files: Readonly<Record<string, Uint8Array | string>>): Promise<Uint8Array> =>
  packTar(
    Object.entries(files).map(([name, text]) => {
      const body = typeof text === "string" ? new TextEncoder().encode(text) : text;
      return { header: { name, type: "file", mode: 0o755, size: body.length, mtime: new Date(0) } as TarHeader, body };
    }),
  );
const imageOf = async (layer: Uint8Array): Promise<Uint8Array> => {
  const blobs: Record<string, Uint8Array | string> = {};
  const blob = (bytes: Uint8Array | string) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    blobs[`blobs/sha256/${hex}`] = bytes;
    return { digest: `sha256:${hex}` };
  };
  const config = blob(JSON.stringify({ config: { Entrypoint: ["/bin/hello"] } }));
  const manifest = blob(JSON.stringify({ config, layers: [blob(layer)] }));
  return tar({ "oci-layout": "{}", "index.json": JSON.stringify({ manifests: [manifest] }), ...blobs });
};

/** The page. It reports the output of each run, or its error. */
const page = `
import { WorkerClient } from "trapgate/browser";
const client = new WorkerClient(() => new Worker("/roots/worker.js", { type: "module" }));
const outputOf = async (params) => {
  let text = "";
  const part = (one) => { if (one.kind === "output") text += new TextDecoder().decode(one.bytes); };
  try { await client.call("run", params, part).result; return text; } catch (error) { return "Error: " + error.message; }
};
const program = "/bin/hello";
const archive = new Uint8Array(await (await fetch("/roots/image.tar")).arrayBuffer());
const texts = [
  await outputOf({ program, root: { url: "/roots/large.tar" } }),
  await outputOf({ program, root: { url: "/roots/small.zip" } }),
  await outputOf({ root: { archive } }),
  await outputOf({ program, root: { url: "/roots/bomb.tar.gz", most: 1 << 20 } }),
  await outputOf({ program, root: { url: "/roots/none.tar" } }),
];
await fetch("/report", { method: "POST", body: JSON.stringify(texts) });
`;

export const rootChecks: readonly Check[] = [
  {
    name: "trapgate/browser runs programs of archives, and fetches what guests read",
    run: async ({ browser, site }) => {
      const files = { "bin/hello": hello, filler: new Uint8Array(FILLER), "etc/last": "last" };
      const add = (name: string, body: Uint8Array | string, type = "application/octet-stream"): void =>
        void site.extra.set(`/roots/${name}`, { type, body });
      add("large.tar", await tar(files));
      add("small.zip", zipSync({ "bin/hello": [hello, { os: 3, attrs: 0o100755 << 16 }] }));
      add("image.tar", await imageOf(gzipSync(await tar({ "bin/hello": hello }))));
      add("bomb.tar.gz", gzipSync(await tar(files)));
      const { outputFiles } = await build({
        stdin: { contents: page, resolveDir: top, sourcefile: "page.js" },
        bundle: true,
        format: "esm",
        write: false,
        tsconfig: join(top, "tsconfig.json"),
      });
      add("page.js", outputFiles[0]?.contents as Uint8Array, "text/javascript");
      const worker = await build({
        entryPoints: [join(top, "examples", "browser", "worker.js")],
        bundle: true,
        format: "esm",
        write: false,
        tsconfig: join(top, "tsconfig.json"),
      });
      add("worker.js", worker.outputFiles[0]?.contents as Uint8Array, "text/javascript");
      add("index.html", '<!doctype html><title>roots</title><script type="module" src="page.js"></script>', "text/html");
      const code = [outputFiles[0], worker.outputFiles[0]].reduce((sum, file) => sum + (file?.contents.length ?? 0), 0);
      const before = site.sent();
      const report = site.report();
      const own = await browser.newPage();
      await own.goto(new URL("/roots/index.html", site.url).href);
      const texts = JSON.parse(await report) as string[];
      const said = "hello through syscall\n";
      assert.deepEqual(texts.slice(0, 3), [said, said, said]);
      assert.match(texts[3] as string, /unpacks to more than 1 MiB/);
      assert.match(texts[4] as string, /none\.tar cannot be fetched: 404/);
      const fetched = site.sent() - before - code;
      assert.ok(fetched < MOST_FETCHED, `${fetched} bytes were fetched`);
      await own.close();
    },
  },
];
