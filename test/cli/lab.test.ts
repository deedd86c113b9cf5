// The server of `trapgate lab`: one folder, for this computer alone. test/lab opens the page that it serves.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLab, serveLab } from "../../src/cli/lab/serve.ts";
import { Problem } from "../../src/problem.ts";
import { inFolder } from "../support/guest.ts";

const ask = (url: string, path: string, options: { readonly method?: string; readonly host?: string } = {}) =>
  new Promise<{ readonly status: number | undefined; readonly text: string; readonly type: string | undefined }>((done, failed) => {
    const { method = "GET", host } = options;
    request(new URL(url), { path, method, ...(host === undefined ? {} : { headers: { host } }) }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on("end", () => done({ status: answer.statusCode, text, type: answer.headers["content-type"] }));
    })
      .on("error", failed)
      .end();
  });

describe("the server of trapgate lab", () => {
  it("serves its folder and the run, and nothing else", () =>
    inFolder(async (folder) => {
      const [lab, code] = [join(folder, "lab"), join(folder, "code")];
      expect(() => checkLab(lab)).toThrow(Problem);
      mkdirSync(join(lab, "assets"), { recursive: true });
      writeFileSync(join(folder, "secret"), "secret");
      writeFileSync(join(lab, "index.html"), "<p>page");
      writeFileSync(join(lab, "assets", "a.wasm"), "code");
      mkdirSync(code);
      writeFileSync(join(code, "handlers0.bin"), "shared");
      writeFileSync(join(code, "start.js"), "secret");
      checkLab(lab);
      const server = await serveLab({ folder: lab, code }, new Map([["run.zip", new TextEncoder().encode("run")]]), 0);
      try {
        expect(await ask(server.url, "/?trace=run.zip")).toMatchObject({ status: 200, text: "<p>page", type: "text/html; charset=utf-8" });
        expect(await ask(server.url, "/assets/a.wasm")).toMatchObject({ status: 200, text: "code", type: "application/wasm" });
        // Generated code, which a package has once.
        expect(await ask(server.url, "/assets/handlers0-AbC_1-29.wasm")).toMatchObject({
          status: 200,
          text: "shared",
          type: "application/wasm",
        });
        expect(await ask(server.url, "/run.zip")).toMatchObject({ status: 200, text: "run" });
        expect(await ask(server.url, "/run.zip", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
        for (const path of [
          "/../secret",
          "/%2e%2e/secret",
          "/assets/..%2f..%2fsecret",
          "/..%5csecret",
          "/none",
          "/assets",
          "/%00",
          "/start.js",
          "/assets/start-AbC_1-29.js",
          "/handlers0.bin",
        ])
          expect((await ask(server.url, path)).status, path).toBe(404);
        expect((await ask(server.url, "/%zz")).status).toBe(400);
        expect((await ask(server.url, "/", { method: "POST" })).status).toBe(405);
        // Another site's name that leads to this address: its pages must not read the run.
        expect((await ask(server.url, "/run.zip", { host: "evil.example" })).status).toBe(403);
        await expect(serveLab({ folder: lab, code }, new Map(), Number(new URL(server.url).port))).rejects.toThrow(/cannot be used/);
      } finally {
        server.close();
      }
    }));
  it("answers whatever a request names, and goes on", { timeout: 60_000 }, () =>
    inFolder(async (folder) => {
      const lab = join(folder, "lab");
      mkdirSync(lab);
      writeFileSync(join(lab, "index.html"), "<p>page");
      writeFileSync(join(lab, "gone.js"), "1");
      writeFileSync(join(folder, "secret"), "secret");
      symlinkSync("../secret", join(lab, "link"));
      const server = await serveLab({ folder: lab, code: join(folder, "none") }, new Map(), 0);
      rmSync(join(lab, "gone.js"));
      try {
        // ENAMETOOLONG, ENOTDIR, a link out of the folder, a file that is gone.
        for (const path of [`/${"a".repeat(300)}`, `/${"a/".repeat(4000)}`, "/index.html/x", "/link", "/gone.js"])
          expect((await ask(server.url, path)).status, path.slice(0, 20)).toBe(404);
        const port = Number(new URL(server.url).port);
        /** The answer to raw bytes; empty if the server closes without one. */
        const raw = (bytes: string): Promise<string> =>
          new Promise((done) => {
            let text = "";
            const socket = connect(port, "127.0.0.1", () => socket.end(bytes, "latin1"));
            socket.setTimeout(2000, () => socket.destroy());
            socket.on("data", (chunk) => (text += chunk.toString("latin1"))).on("error", () => {});
            socket.on("close", () => done(text));
          });
        const line = fc.string({ unit: "binary", maxLength: 40 });
        const bytes = fc.oneof(
          fc
            .tuple(fc.constantFrom("GET", "HEAD", "OPTIONS", "TRACE"), line)
            .map(([method, path]) => `${method} /${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`),
          fc
            .tuple(line, line)
            .map(([name, value]) => `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${name}: ${value}\r\n\r\n`),
          line,
        );
        await fc.assert(
          fc.asyncProperty(bytes, async (request) => {
            expect(await raw(request)).not.toContain("secret");
          }),
          { numRuns: 300 },
        );
        expect(await ask(server.url, "/")).toMatchObject({ status: 200, text: "<p>page" });
      } finally {
        server.close();
      }
    }),
  );
});
