// What a visitor does with the panes: other sizes, all mistakes of a text, a search, an archive as root
// directory.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packTar } from "modern-tar";
import type { Page } from "playwright-core";
import { busybox, top } from "../../support/host.ts";
import { type Check, callsIn, choice, ends, openLesson, withPage, write } from "../harness.ts";

const OPEN = "Open an ELF program, assembly, a saved run or an archive";
const width = (page: Page, selector: string): Promise<number> =>
  page.locator(selector).evaluate((pane) => pane.getBoundingClientRect().width);
const file = (name: string, bytes: Uint8Array) => ({ name, mimeType: "", buffer: Buffer.from(bytes) });
const program = busybox("amd64");

export const paneChecks: readonly Check[] = [
  {
    name: "panes get other sizes by keys and by dragging, and keep them",
    run: (world) =>
      withPage(world, {}, async (page) => {
        const before = await width(page, ".left");
        const bar = page.getByRole("separator", { name: "Width of the program" });
        await bar.focus();
        for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
        assert.ok((await width(page, ".left")) > before + 80);
        const box = await bar.boundingBox();
        assert.ok(box);
        await page.mouse.move(box.x + 4, box.y + 200);
        await page.mouse.down();
        await page.mouse.move(box.x + 104, box.y + 200, { steps: 4 });
        await page.mouse.up();
        const wide = await width(page, ".left");
        assert.equal(await bar.getAttribute("aria-valuenow"), `${Math.round(wide)}`);
        assert.ok(wide > before + 170, `${before} -> ${wide}`);
        await page.reload();
        await page.locator("[data-ended]").waitFor();
        assert.equal(Math.round(await width(page, ".left")), Math.round(wide));
        await page.getByRole("separator", { name: "Width of the program" }).dblclick();
        assert.equal(Math.round(await width(page, ".left")), Math.round(before));
      }),
  },
  {
    name: "no line of a lesson's program is cut",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await openLesson(page, 1);
        const cut = await page.locator(".program .cm-scroller").evaluate((pane) => pane.scrollWidth - pane.clientWidth);
        assert.ok(cut <= 1, `${cut} pixels`);
      }),
  },
  {
    name: "all mistakes of a program are listed, in order, once",
    run: (world) =>
      withPage(world, {}, async (page) => {
        const text = '%include "elf.inc"\n elf64\n_start: movv eax, 1\n lea eax, [rcx*3]\n jmp nowhere\n end_elf\n';
        await write(page.getByRole("textbox", { name: "Assembly of the program" }), text);
        const list = page.locator(".program .mistakes li");
        await page.locator(".program .mistakes li:nth-child(3)").waitFor();
        const lines = (await list.allTextContents()).map((item) => /^Line (\d+): /.exec(item)?.[1]);
        assert.deepEqual(lines, ["3", "4", "5"]);
        await ends(page, () => page.keyboard.press("Control+Enter"));
        assert.match((await page.getByRole("alert").textContent()) ?? "", /its mistakes are listed below its editor/);
      }),
  },
  {
    name: "a mistake in a policy has the lines of the command line",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await page.getByRole("checkbox", { name: "Start under a policy" }).check();
        await write(page.getByRole("textbox", { name: "Policy" }), "exit: 1\nexit_grup: 1");
        const excerpt = page.locator(".policy .mistakes pre");
        await excerpt.waitFor();
        assert.match((await excerpt.textContent()) ?? "", /2 \| exit_grup: 1\n +\| \^+/);
        assert.equal((await page.locator(".policy .mistakes").textContent())?.match(/did you mean exit_group/g)?.length, 1);
      }),
  },
  {
    name: "calls are searched by words, and by what a filter denied",
    run: (world) =>
      withPage(world, {}, async (page) => {
        const all = await callsIn(page);
        await page.getByRole("searchbox", { name: "Search in calls" }).fill("getppid");
        const found = await callsIn(page);
        assert.ok(found.length > 0 && found.length < all.length);
        assert.ok(found.every((text) => text.includes("getppid")));
        await page.getByText(/^\d+ of \d+ rows$/).waitFor();
        await page.getByRole("searchbox", { name: "Search in calls" }).fill("");
        await ends(page, () => choice(page, "Program").selectOption("a1"));
        await page.getByRole("checkbox", { name: "denied only" }).check();
        assert.equal((await callsIn(page)).length, 0);
      }),
  },
  {
    name: "a dynamic program says what a page can do, and an archive is a root directory",
    run: (world) =>
      withPage(world, {}, async (page) => {
        const dynamic = ["/usr/bin/true", "/bin/true"].find((path) => existsSync(path)) as string;
        await ends(page, () => page.getByLabel(OPEN).setInputFiles(file("true", readFileSync(dynamic))));
        assert.match((await page.getByRole("alert").textContent()) ?? "", /drop an archive with its root directory.*trapgate lab --root/);
        const shell = new Uint8Array(readFileSync(program.path));
        const tar = await packTar([
          { header: { name: "bin/busybox", type: "file", mode: 0o755, size: shell.length, mtime: new Date(0) }, body: shell },
          { header: { name: "bin/sh", type: "symlink", linkname: "busybox", size: 0, mtime: new Date(0) } },
        ]);
        await ends(page, () => choice(page, "Program").selectOption("hello-syscall"));
        await ends(page, () => page.getByLabel(OPEN).setInputFiles(file("root.tar", tar)));
        await page.getByText("root.tar is the root directory").waitFor();
        await page.getByRole("textbox", { name: "Arguments" }).fill("-c 'echo from the archive'");
        await ends(page, () => page.keyboard.press("Control+Enter"));
        await page.waitForFunction(() => document.querySelector(".bottom")?.textContent?.includes("from the archive"));
        assert.ok((await page.locator(".lanes").textContent())?.includes("execve: sh starts"));
      }),
  },
  {
    name: "a saved run of the host's root has its output",
    run: async (world) => {
      const saved = join(world.pictures, "ls.zip");
      const args = ["--import", "tsx", join(top, "tools", "trapgate.ts"), "trace", "-o", "/dev/null", "--save", saved, "--root", "/"];
      assert.equal(spawnSync(process.execPath, [...args, "/bin/ls", join(top, "guest")], { cwd: top }).status, 0);
      await withPage(world, {}, async (page) => {
        await ends(page, () => page.getByLabel(OPEN).setInputFiles(saved));
        await page.waitForFunction(() => document.querySelector(".bottom pre")?.textContent?.includes("bin\nheap\nsrc"));
      });
    },
  },
];
