// The server of `trapgate lab`: one folder, for this computer alone. test/lab opens the page that it serves.
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
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
      const lab = join(folder, "lab");
      expect(() => checkLab(lab)).toThrow(Problem);
      mkdirSync(join(lab, "assets"), { recursive: true });
      writeFileSync(join(folder, "secret"), "secret");
      writeFileSync(join(lab, "index.html"), "<p>page");
      writeFileSync(join(lab, "assets", "a.wasm"), "code");
      checkLab(lab);
      const server = await serveLab(lab, new Map([["run.zip", new TextEncoder().encode("run")]]), 0);
      try {
        expect(await ask(server.url, "/?trace=run.zip")).toMatchObject({ status: 200, text: "<p>page", type: "text/html; charset=utf-8" });
        expect(await ask(server.url, "/assets/a.wasm")).toMatchObject({ status: 200, text: "code", type: "application/wasm" });
        expect(await ask(server.url, "/run.zip")).toMatchObject({ status: 200, text: "run" });
        expect(await ask(server.url, "/run.zip", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
        for (const path of ["/../secret", "/%2e%2e/secret", "/assets/..%2f..%2fsecret", "/..%5csecret", "/none", "/assets", "/%00"])
          expect((await ask(server.url, path)).status, path).toBe(404);
        expect((await ask(server.url, "/%zz")).status).toBe(400);
        expect((await ask(server.url, "/", { method: "POST" })).status).toBe(405);
        // Another site's name that leads to this address: its pages must not read the run.
        expect((await ask(server.url, "/run.zip", { host: "evil.example" })).status).toBe(403);
        await expect(serveLab(lab, new Map(), Number(new URL(server.url).port))).rejects.toThrow(/cannot be used/);
      } finally {
        server.close();
      }
    }));
});
