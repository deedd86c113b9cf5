// The page itself: a first run, switches, policies, links, files.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { top } from "../../support/host.ts";
import { type Check, callsIn, choice, compareTwo, ends, runAgain, withPage, write } from "../harness.ts";

/**
 * Limits: milliseconds to the first call, ten times those of a quiet machine; compressed bytes of scripts,
 * styles and code before it.
 */
const FIRST_CALL = 15_000;
const MOST_BYTES = 1_565_000;

export const pageChecks: readonly Check[] = [
  {
    name: "shows the first call soon, behind a path prefix",
    run: async (world) => {
      const before = world.site.files.length;
      const begun = Date.now();
      await withPage(world, { serviceWorkers: "block" }, async (page) => {
        const elapsed = Date.now() - begun;
        const files = world.site.files.slice(before);
        for (const { name, bytes } of files) console.log(`      ${String(bytes).padStart(8)}  ${name}`);
        const sum = (some: typeof files): number => some.reduce((all, { bytes }) => all + bytes, 0);
        const [all, scripts] = [sum(files), sum(files.filter(({ name }) => name.endsWith(".js")))];
        console.log(`      first run shown after ${elapsed} ms; ${all} bytes (gzip), scripts ${scripts}`);
        assert.ok(elapsed < FIRST_CALL, `${elapsed} ms`);
        assert.ok(all < MOST_BYTES, `${all} bytes`);
        const calls = await callsIn(page);
        assert.equal(calls.length, 5);
        assert.match(calls[2] as string, /^int 0x80: getppid\(\) = 1 \[i386\]\. ALLOW\./);
        await page.screenshot({ path: join(world.pictures, "first.png") });
      });
    },
  },
  {
    name: "runs with cross-origin isolation, too",
    run: (world) =>
      withPage(world, { url: world.isolated.url }, async (page) => {
        assert.equal(await page.evaluate(() => crossOriginIsolated), true);
        assert.equal((await callsIn(page)).length, 5);
      }),
  },
  {
    name: "lights the way through the filter, with its data and registers",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await page.locator("button.call").nth(2).click();
        const detail = page.getByRole("region", { name: "Selected call" });
        const lit = await detail.locator(".listing li.lit code").allTextContents();
        assert.deepEqual([lit[0], lit.length, lit.at(-1)], ["A = sys_number", 3, "return ALLOW"]);
        assert.match((await detail.locator("table.data").textContent()) ?? "", /sys_number64 \(getppid\)/);
        assert.match((await detail.locator("tr.changed").first().textContent()) ?? "", /rax0x400x1/);
      }),
  },
  {
    name: "shows a landmine under two kernels side by side",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await compareTwo(page);
        const differing = page.locator(".pair.differs");
        const texts = await differing.allTextContents();
        assert.ok(
          texts.some((text) => /ALLOW.*getppid\(\) = 1.*LOCK.*getppid/.test(text)),
          texts.join("\n"),
        );
        await page.screenshot({ path: join(world.pictures, "two.png") });
      }),
  },
  {
    name: "checks a policy while it is typed, and runs under it",
    run: (world) =>
      withPage(world, {}, async (page) => {
        const editor = page.getByRole("textbox", { name: "Policy" });
        await page.getByRole("checkbox", { name: "Start under a policy" }).check();
        await write(editor, "A = sys_numbr\nreturn ALLOW");
        await page.locator(".policy .problem").waitFor();
        assert.match((await page.locator(".policy .problem").textContent()) ?? "", /sys_numbr/);
        await write(editor, "A = sys_number\nA == 110 ? deny : allow\nallow: return ALLOW\ndeny: return ERRNO(13)");
        await page.getByText("asm, 4 instructions").waitFor();
        await runAgain(page);
        assert.equal(await page.getByRole("checkbox", { name: "Start under a policy" }).isChecked(), true);
        await write(editor, '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["write"], "action": "SCMP_ACT_ERRNO"}]}');
        await page.getByText(/^oci, \d+ instructions/).waitFor();
        await runAgain(page);
        // A profile for one architecture kills calls through the other door.
        assert.ok((await callsIn(page)).some((text) => /^int 0x80: getppid.*KILL THREAD/.test(text)));
      }),
  },
  {
    name: "explains a filter of the first kernels, whose struct seccomp_data is another one",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await ends(page, () => choice(page, "Program").selectOption("hello-syscall"));
        await ends(page, () => choice(page, "Kernel").selectOption("v6"));
        await page.getByRole("checkbox", { name: "Start under a policy" }).check();
        const text =
          "A = sys_number\nA == write ? one : allow\none: A = args[0]\nA == 1 ? deny : allow\nallow: return ALLOW\ndeny: return DENY";
        await write(page.getByRole("textbox", { name: "Policy" }), text);
        await runAgain(page);
        await page.getByRole("button", { name: /^syscall: write/ }).click();
        const detail = page.getByRole("region", { name: "Selected call" });
        assert.match((await detail.locator(".explained").textContent()) ?? "", /^x64: DENY if .*1.*; else ALLOW/);
        assert.match((await detail.textContent()) ?? "", /struct seccomp_data 56 bytes/);
        assert.match((await detail.locator(".changes").textContent()) ?? "", /args\[0\]\.lo: 1 .*ALLOW/);
      }),
  },
  {
    name: "assembles while one types, marks the line, and runs what is written",
    run: (world) =>
      withPage(world, {}, async (page) => {
        const editor = page.getByRole("textbox", { name: "Assembly of the program" });
        await write(editor, '%include "guest.inc"\n elf64\n_start: sai "x"\n die 0\n end_elf');
        await page.locator(".program .problem").waitFor();
        assert.match((await page.locator(".program .problem").textContent()) ?? "", /Line 3.*"sai"/);
        await write(editor, '%include "guest.inc"\n elf64\n_start: say "from the editor"\n die 3\n end_elf');
        await runAgain(page);
        assert.match((await page.locator("[data-ended]").textContent()) ?? "", /exited with 3/);
        assert.match((await page.locator(".bottom").textContent()) ?? "", /from the editor/);
      }),
  },
  {
    name: "opens a link in a fresh profile, and says so if it is damaged",
    run: async (world) => {
      let hash = "";
      await withPage(world, {}, async (page) => {
        await write(
          page.getByRole("textbox", { name: "Assembly of the program" }),
          '%include "guest.inc"\n elf32\n_start: say "shared"\n die 7\n end_elf',
        );
        await ends(page, () => choice(page, "Processor").selectOption("intel"));
        await page.getByRole("button", { name: "Share", exact: true }).click();
        hash = new URL(page.url()).hash;
        assert.ok(hash.length > 10 && hash.length < 600, `${hash.length} characters`);
      });
      await withPage(world, { hash }, async (page) => {
        assert.match((await page.locator("[data-ended]").textContent()) ?? "", /exited with 7/);
        assert.equal(await choice(page, "Processor").inputValue(), "intel");
      });
      await withPage(world, { hash: "#s=broken!" }, async (page) => {
        assert.match((await page.getByRole("alert").textContent()) ?? "", /link is damaged/);
      });
    },
  },
  {
    name: "runs an ELF file that is opened or dropped",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await page
          .getByLabel("Open an ELF program, assembly, a saved run or an archive")
          .setInputFiles(join(top, "guest", "bin", "hello-int80-64"));
        await page.getByText("hello-int80-64: an ELF file").waitFor();
        await page.waitForFunction(() => document.querySelector(".bottom")?.textContent?.includes("hello through int 0x80"));
        const bytes = [...readFileSync(join(top, "guest", "bin", "hello-syscall"))];
        await page.evaluate((data) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(data)], "dropped"));
          document.querySelector(".lab")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }, bytes);
        await page.waitForFunction(() => document.querySelector(".bottom")?.textContent?.includes("hello through syscall"));
      }),
  },
  {
    name: "goes back and forth in time, instruction by instruction",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await page.getByRole("tab", { name: "Time" }).click();
        const next = page.locator(".code li.lit code");
        await next.filter({ hasText: "int 0x80" }).waitFor();
        assert.equal(
          await page
            .locator(".code .meaning")
            .textContent()
            .then((text) => (text ?? "").length > 0),
          true,
        );
        await page.getByRole("button", { name: "One instruction back" }).click();
        await next.filter({ hasText: "mov eax, 0x40" }).waitFor();
        await page.getByRole("button", { name: "One instruction on" }).click();
        await next.filter({ hasText: "int 0x80" }).waitFor();
        await page.getByRole("button", { name: "One instruction on" }).click();
        await next.filter({ hasText: "test eax, eax" }).waitFor();
        assert.match((await page.locator(".regs").textContent()) ?? "", /rax0x1/);
        await page.getByLabel("Memory at").fill("0x400000");
        await page.getByLabel("Memory at").press("Enter");
        await page.getByText("7f 45 4c 46").waitFor();
        await page.screenshot({ path: join(world.pictures, "time.png") });
      }),
  },
  {
    name: "goes along the timeline: by dragging, to denied calls, to the writes of a byte",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await page.getByLabel("Symbols").fill("FIXED");
        await runAgain(page);
        await page.getByRole("tab", { name: "Time" }).click();
        const next = page.locator(".code li.lit code");
        const moment = page.locator(".steps output");
        await next.filter({ hasText: "int 0x80" }).waitFor();
        const denied = await moment.textContent();
        await page.getByRole("button", { name: "To the start" }).click();
        await moment.filter({ hasText: /^0:0$/ }).waitFor();
        await page.getByRole("button", { name: "The next denied call" }).click();
        await moment.filter({ hasText: denied as string }).waitFor();
        await page.getByRole("button", { name: "To the start" }).click();
        await moment.filter({ hasText: /^0:0$/ }).waitFor();
        // Dragged to the middle of the run.
        const slider = page.getByRole("slider", { name: "Instructions" });
        const box = (await slider.boundingBox()) as { x: number; y: number; width: number; height: number };
        await page.mouse.move(box.x + 8, box.y + box.height / 2);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 6 });
        await page.mouse.up();
        await moment.filter({ hasText: /^[1-9]\d*:\d+$/ }).waitFor();
        await page.screenshot({ path: join(world.pictures, "timeline.png") });
        // A variable: from the end back to its last write, from the start on to its first one.
        await ends(page, () => choice(page, "Program").selectOption("race-thread"));
        await page.getByRole("button", { name: "To the start" }).click();
        await moment.filter({ hasText: /^0:0$/ }).waitFor();
        await page.locator(".code").filter({ hasText: "0xffffffff" }).waitFor();
        const [, address = ""] =
          /mov dword ptr \[(0x[0-9a-f]+)\], 0xffffffff/.exec((await page.locator(".code").textContent()) ?? "") ?? [];
        assert.notEqual(address, "");
        await page.getByLabel("Memory at").fill(address);
        await page.getByLabel("Memory at").press("Enter");
        await page.getByRole("button", { name: `byte at ${address}`, exact: true }).click();
        await page.getByRole("button", { name: "The next write of the byte" }).click();
        await next.filter({ hasText: `mov dword ptr [${address}], 0xffffffff` }).waitFor();
        const first = await moment.textContent();
        await page.getByRole("button", { name: "To the end" }).click();
        await page.getByRole("button", { name: "The last write of the byte" }).click();
        await page.locator(".steps[aria-busy='false']").waitFor();
        assert.equal(await page.locator(".steps .said").count(), 0);
        const last = await moment.textContent();
        assert.ok(Number.parseInt(last ?? "", 10) > Number.parseInt(first ?? "", 10), `${first}, ${last}`);
        await page.getByRole("button", { name: "To the start" }).click();
        await moment.filter({ hasText: /^0:0$/ }).waitFor();
        await page.getByRole("button", { name: "The last write of the byte" }).click();
        await page.getByText("no write of this byte in this direction").waitFor();
        await page.screenshot({ path: join(world.pictures, "write.png") });
      }),
  },
  {
    name: "finds a race, and replays it",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await ends(page, () => choice(page, "Program").selectOption("race-thread"));
        await page.getByRole("tab", { name: "Schedules" }).click();
        await page.getByRole("button", { name: "Search for a schedule" }).click();
        await page.getByText("Violated:").waitFor();
        await ends(page, () => page.getByRole("button", { name: /^Replay \S+$/ }).click());
        // A column for each task, and the accesses whose order matters.
        assert.match((await page.locator(".races pre").first().textContent()) ?? "", /^ {2}task \d +task \d\n.*\* (read|write) /s);
        assert.match((await page.locator(".races pre").last().textContent()) ?? "", / before task \d: /);
        assert.ok((await callsIn(page)).some((text) => /getppid\(\) = 1\..*task 4/.test(text)));
        await page.getByText("task 3 runs before task 2, which is about to access memory").waitFor();
        await page.screenshot({ path: join(world.pictures, "schedules.png") });
        await page.getByLabel("Schedule", { exact: true }).fill("0:9");
        await ends(page, () => page.getByLabel("Schedule", { exact: true }).press("Enter"));
        await page
          .getByRole("alert")
          .getByText(/there is no task 9/)
          .waitFor();
      }),
  },
  {
    name: "shows a run that trapgate trace has saved",
    run: async (world) => {
      const file = join(world.pictures, "trace.zip");
      const args = ["--import", "tsx", join(top, "tools", "trapgate.ts"), "trace", "-f", "-o", "/dev/null", "--save", file];
      const { status } = spawnSync(process.execPath, [...args, join(top, "guest", "bin", "b10")], { cwd: top });
      assert.equal(status, 0);
      await withPage(world, {}, async (page) => {
        await page.getByLabel("Open an ELF program, assembly, a saved run or an archive").setInputFiles(file);
        await page.getByText("b10: an ELF file").waitFor();
        const calls = await callsIn(page);
        assert.ok(
          calls.some((text) => /openat\(AT_FDCWD, "\/dev\/null", O_RDONLY\) = 4\. USER_NOTIF/.test(text)),
          calls.join("\n"),
        );
        await runAgain(page);
        // The path of the program is another one, whose lookup takes another time.
        const untimed = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/ At .*? [nµm]s/, ""));
        assert.deepEqual(untimed(await callsIn(page)), untimed(calls), "the page runs it alike");
        await page
          .getByLabel("Open an ELF program, assembly, a saved run or an archive")
          .setInputFiles({ name: "x.zip", mimeType: "", buffer: Buffer.from("PK..") });
        assert.match((await page.getByRole("alert").textContent()) ?? "", /is no trace/);
      });
    },
  },
  {
    name: "opens a trace by its address, and says so if there is none",
    run: async (world) => {
      const file = join(world.pictures, "trace.zip");
      world.site.extra.set("/traces/b10.zip", { type: "application/zip", body: readFileSync(file) });
      await withPage(world, { hash: "?trace=/traces/b10.zip" }, async (page) => {
        await page.getByText("b10: an ELF file").waitFor();
        assert.ok((await callsIn(page)).some((text) => /openat\(AT_FDCWD, "\/dev\/null", O_RDONLY\) = 4\. USER_NOTIF/.test(text)));
      });
      await withPage(
        world,
        { hash: "?trace=/traces/none.zip" },
        async (page) => {
          assert.match((await page.getByRole("alert").textContent()) ?? "", /none\.zip cannot be fetched: 404/);
        },
        [/404/],
      );
    },
  },
  {
    name: "trapgate lab PROG serves the page with that run",
    run: async (world) => {
      const args = [
        "--import",
        "tsx",
        join(top, "tools", "trapgate.ts"),
        "lab",
        "--no-open",
        "--kernel",
        "v6",
        join(top, "guest", "bin", "a1-v6"),
      ];
      const server = spawn(process.execPath, args, { cwd: top, stdio: ["ignore", "pipe", "ignore"] });
      const ended = once(server, "exit");
      try {
        let said = "";
        for await (const chunk of server.stdout) {
          said += chunk;
          if (/^http:\/\/\S+$/m.test(said)) break;
        }
        const [url] = /^http:\/\/\S+$/m.exec(said) ?? [said];
        await withPage(world, { url }, async (page) => {
          await page.getByText("a1-v6: an ELF file").waitFor();
          assert.ok((await callsIn(page)).some((text) => /^int 0x80: getppid.*LOCK/.test(text)));
          assert.equal(await choice(page, "Kernel").inputValue(), "v6");
          await page.screenshot({ path: join(world.pictures, "trapgate-lab.png") });
          await runAgain(page);
          assert.ok(
            (await callsIn(page)).some((text) => /^int 0x80: getppid.*LOCK/.test(text)),
            "the page runs it alike",
          );
        });
      } finally {
        server.kill("SIGINT");
      }
      const [status] = await ended;
      assert.equal(status, 0);
    },
  },
  {
    name: "stops a program that does not end",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await write(
          page.getByRole("textbox", { name: "Assembly of the program" }),
          '%include "guest.inc"\n elf64\n_start: jmp _start\n end_elf',
        );
        await page.getByRole("button", { name: /Run/ }).click();
        await page.getByText("running…").or(page.getByText("starting…")).waitFor();
        await page.getByRole("button", { name: "Stop" }).click();
        await page.getByText("stopped").first().waitFor();
      }),
  },
  {
    name: "works without a network after the first visit",
    run: async (world) => {
      const { serveFolder } = await import("../server.ts");
      const site = await serveFolder(join(top, "dist", "lab"), { prefix: "/lab/", isolated: false });
      try {
        await withPage({ ...world, site }, {}, async (page) => {
          await page.evaluate(() => navigator.serviceWorker.ready);
          await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
          site.goOffline();
          await page.reload();
          await page.waitForFunction(() => document.querySelector("[data-ended]"));
          assert.equal((await callsIn(page)).length, 5);
        });
      } finally {
        site.close();
      }
    },
  },
];
