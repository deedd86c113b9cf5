// The same run, byte for byte, in Node.js, Chromium and Firefox: events with registers, filters and times of
// ten guests.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { machineMethods, type RunPart } from "trapgate/browser";
import { top } from "../../support/host.ts";
import type { Check, World } from "../harness.ts";
import type { Site } from "../server.ts";

const guests = ["a1", "a4", "a6", "a8", "b10", "c1", "d1", "race-notify", "hello-vdso32", "libc-start"];
const setting = { kernel: "upstream", vendor: "amd", x32: false, ia32: true, uid: 0 } as const;
const CALLS = 2000;
/** Milliseconds that a browser has for all. */
const PATIENCE = 60_000;

/** The text that must be equal. Runs in both worlds, so it uses nothing else. */
const textOf = (parts: readonly unknown[], result: unknown): string =>
  JSON.stringify([parts, result], (_, value) =>
    typeof value === "bigint" ? value.toString(16) : value instanceof Uint8Array ? Array.from(value).join() : value,
  );

const program = (name: string): Uint8Array => new Uint8Array(readFileSync(join(top, "guest", "bin", name)));
const inNode = async (name: string): Promise<string> => {
  const events: unknown[] = [];
  const part = (one: RunPart): void => void (one.kind === "events" ? events.push(...one.events) : 0);
  const options = { kernel: setting.kernel, cpu: ":amd", x32: false, ia32: true, uid: 0, args: [], memory: 2 ** 27, stdin: "" };
  const result = await machineMethods.run({ program: program(name), options, calls: CALLS }, { part, onInput: undefined });
  return textOf(events, result);
};

/** The page: it starts the lab's own worker, runs the guests, and posts the results. */
const judge = (worker: string): string => `
const textOf = ${textOf.toString()};
const run = (name) => new Promise(async (done) => {
  const worker = new Worker(${JSON.stringify(worker)}, { type: "module" });
  const events = [];
  worker.onmessage = ({ data }) => {
    if (data.kind === "part") { if (data.part.kind === "events") events.push(...data.part.events); return; }
    worker.terminate();
    done(textOf(events, data.result ?? data.error));
  };
  const bytes = new Uint8Array(await (await fetch("/guests/" + name)).arrayBuffer());
  const params = { program: { kind: "elf", bytes }, setting: ${JSON.stringify(setting)}, args: [], stdin: "", calls: ${CALLS} };
  worker.postMessage({ id: 1, kind: "call", method: "run", params });
});
const texts = [];
for (const name of ${JSON.stringify(guests)}) texts.push(await run(name));
await fetch("/report", { method: "POST", body: JSON.stringify(texts) });
`;

const prepare = ({ site }: World): string => {
  const [worker] = readdirSync(join(top, "dist", "lab", "assets")).filter((name) => /^worker-.*\.js$/.test(name));
  const path = new URL(`assets/${worker}`, site.url).pathname;
  site.extra.set("/judge.html", {
    type: "text/html",
    body: '<!doctype html><title>judge</title><script type="module" src="/judge.js"></script>',
  });
  site.extra.set("/judge.js", { type: "text/javascript", body: judge(path) });
  for (const name of guests) site.extra.set(`/guests/${name}`, { type: "application/octet-stream", body: program(name) });
  return new URL("/judge.html", site.url).href;
};
const reportOf = async (site: Site, begin: () => unknown): Promise<readonly string[]> => {
  const report = site.report();
  begin();
  const late = new Promise<never>((_, fail) => setTimeout(() => fail(new Error("the browser has not reported")), PATIENCE).unref());
  return JSON.parse(await Promise.race([report, late])) as string[];
};

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
const compare = async (texts: readonly string[]): Promise<void> => {
  assert.equal(texts.length, guests.length);
  for (const [n, name] of guests.entries()) {
    const expected = await inNode(name);
    assert.ok(expected.length > 500, name);
    assert.equal(digest(texts[n] as string), digest(expected), `${name}: ${(texts[n] as string).slice(0, 300)}`);
  }
};

/** A landmine with threads: some of its work is left at this moment. */
const snapshotAt = 25;
/** A snapshot's file that the built package makes, and the end of the run in the same process. */
const makeSnapshot = (): { readonly bytes: Uint8Array; readonly end: string } => {
  const code = `import { readFileSync } from "node:fs";
    import { Machine } from "trapgate";
    const machine = new Machine({ seed: 7 });
    await machine.start(readFileSync("guest/bin/c6"));
    await machine.runUntil({ instructions: ${snapshotAt} });
    const snapshot = machine.snapshot();
    const bytes = Buffer.from(await snapshot.bytes()).toString("base64");
    const { status, stdout, stats } = await snapshot.run();
    console.log(JSON.stringify({ bytes, end: JSON.stringify([status, stdout.text, stats]) }));`;
  const text = execFileSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: top, encoding: "utf8", maxBuffer: 2 ** 28 });
  const { bytes, end } = JSON.parse(text) as { readonly bytes: string; readonly end: string };
  return { bytes: new Uint8Array(Buffer.from(bytes, "base64")), end };
};
const reader = `import { Snapshot } from "/trapgate.js";
const bytes = new Uint8Array(await (await fetch("/a.snapshot")).arrayBuffer());
const answer = await (await Snapshot.read(bytes)).run().then(({ status, stdout, stats }) => [status, stdout.text, stats], String);
await fetch("/report", { method: "POST", body: JSON.stringify([JSON.stringify(answer)]) });
`;

export const equalChecks: readonly Check[] = [
  {
    name: "continues a snapshot's file of Node.js",
    run: async ({ browser, site }) => {
      const { bytes, end } = makeSnapshot();
      const { outputFiles } = await build({
        stdin: { contents: 'export { Snapshot } from "./dist/index.js";', resolveDir: top },
        bundle: true,
        format: "esm",
        platform: "browser",
        write: false,
      });
      site.extra.set("/trapgate.js", { type: "text/javascript", body: outputFiles[0]?.contents ?? "" });
      site.extra.set("/a.snapshot", { type: "application/octet-stream", body: bytes });
      site.extra.set("/reader.js", { type: "text/javascript", body: reader });
      const body = '<!doctype html><title>snapshot</title><script type="module" src="/reader.js"></script>';
      site.extra.set("/snapshot.html", { type: "text/html", body });
      const page = await browser.newPage();
      const [answer] = await reportOf(site, () => page.goto(new URL("/snapshot.html", site.url).href));
      assert.equal(answer, end);
      assert.match(end, /the kernel's word/);
      await page.close();
    },
  },
  {
    name: `runs ${guests.length} guests as in Node.js, byte for byte`,
    run: async (world) => {
      const url = prepare(world);
      const page = await world.browser.newPage();
      await compare(await reportOf(world.site, () => page.goto(url)));
      await page.close();
    },
  },
];

/** examples/browser, as a user bundles it. */
export const exampleCheck: Check = {
  name: "examples/browser: <trapgate-run> shows a landmine under two kernels",
  run: async ({ browser, site }) => {
    const folder = join(top, "examples", "browser");
    const { outputFiles } = await build({
      entryPoints: ["page.js", "worker.js"].map((name) => join(folder, name)),
      outdir: "/",
      bundle: true,
      format: "esm",
      write: false,
      tsconfig: join(top, "tsconfig.json"),
    });
    for (const { path, contents } of outputFiles) site.extra.set(`/example${path}`, { type: "text/javascript", body: contents });
    site.extra.set("/example/index.html", { type: "text/html", body: readFileSync(join(folder, "index.html")) });
    for (const name of ["a1", "a1-v6"]) site.extra.set(`/example/${name}`, { type: "application/octet-stream", body: program(name) });
    const page = await browser.newPage();
    await page.goto(new URL("/example/index.html", site.url).href);
    await page.getByText("exited with 0").waitFor();
    await page.getByText("killed by SIGKILL").waitFor();
    const [weak, locked] = await page.locator("trapgate-run").evaluateAll((all) => all.map((one) => one.shadowRoot?.textContent ?? ""));
    assert.match(weak ?? "", /ALLOW\s*getppid\(\) = 1 \[i386\]/);
    assert.match(locked ?? "", /DENY\s*getppid\(\) = \? \[i386\]/);
    await page.close();
  },
};
