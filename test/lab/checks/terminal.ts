// The terminal: a shell with input, Ctrl-C, the window's size, the user's own program, and a copy of the page
// without the shell.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { top } from "../../support/host.ts";
import { type Check, callsIn, choice, ends, withPage, write } from "../harness.ts";

const SHELL = "Shell: busybox, to type in";
const MOST = { timeout: 60_000 };
/** Waits until the screen shows a text. Lines that are too long go on in the next one. */
const shows = (page: Page, text: string): Promise<unknown> =>
  page.waitForFunction(
    (wanted) => (document.querySelector(".xterm-rows")?.textContent ?? "").replaceAll("\u00a0", " ").includes(wanted),
    text,
    MOST,
  );
const type = async (page: Page, line: string): Promise<void> => {
  await page.keyboard.type(line);
  await page.keyboard.press("Enter");
};

export const hasShell = existsSync(join(top, "dist", "lab", "shell", "root.tar.gz"));
const shellChecks: readonly Check[] = [
  {
    name: "a shell runs in the terminal: programs, Ctrl-C, the window's size",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await choice(page, "Program").selectOption(SHELL);
        await shows(page, "~ #");
        await type(page, "ls /demo; echo $((6*7)) $(id -u); /demo/a1; stty size");
        await shows(page, "42 0");
        await shows(page, "getppid ran through int 0x80");
        await page.getByRole("button", { name: /^int 0x80: getppid\(\) = \d+ \[i386\]\. ALLOW/ }).waitFor(MOST);
        // Calls that have returned are shown with their results, whenever these came.
        await page.getByRole("button", { name: /: execve\("\/demo\/a1", .*\) = 0\./ }).waitFor(MOST);
        await type(page, "sleep 1000");
        await page.getByRole("button", { name: /: execve\("\/proc\/self\/exe", \["sleep".* = 0\./ }).waitFor(MOST);
        await page.keyboard.press("Control+c");
        await type(page, "echo status $?");
        await shows(page, "status 130");
        // The list follows: its last call is in sight.
        const left = await page.locator(".lanes").evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
        assert.ok(left < 80, `${left} pixels below`);
        await page.screenshot({ path: join(world.pictures, "shell.png") });
        await page.setViewportSize({ width: 1100, height: 900 });
        const columns = await page.evaluate(() => document.querySelector(".xterm-rows")?.clientWidth ?? 0);
        assert.ok(columns > 0);
        await page
          .getByRole("button", { name: /SIGWINCH|poll/ })
          .last()
          .waitFor(MOST);
        await page.locator(".xterm-helper-textarea").focus();
        await type(page, "clear; stty size; echo ready");
        await shows(page, "ready");
        const text = await page.locator(".xterm-rows").textContent();
        assert.doesNotMatch(text ?? "", /14 74/, "the window has another size");
        await page.keyboard.press("Shift+Tab");
        assert.equal(await page.evaluate(() => document.activeElement?.classList.contains("xterm-helper-textarea")), false);
        await page.locator(".xterm-helper-textarea").focus();
        await ends(page, () => type(page, "exit 3"));
        assert.match((await page.locator("[data-ended]").textContent()) ?? "", /exited with 3/);
        await page.getByRole("tab", { name: "Time" }).click();
        // What was typed comes again, and the run ends as it did.
        const place = (): string => document.querySelector("div.steps output")?.textContent ?? "";
        await page.waitForFunction(() => /^\d+:\d+$/.test(document.querySelector("div.steps output")?.textContent ?? ""), undefined, MOST);
        await page.getByRole("button", { name: "To the end" }).click();
        await page.waitForFunction(
          () => Number(document.querySelector<HTMLInputElement>("div.steps input")?.value) > 1_000_000,
          undefined,
          MOST,
        );
        const end = Number.parseInt(await page.evaluate(place), 10);
        const [, shown = ""] = /([\d,.\s]+) instructions/.exec((await page.locator("[data-ended]").textContent()) ?? "") ?? [];
        assert.ok(Math.abs(end - Number(shown.replaceAll(/\D/g, ""))) < 100, `${end}, not ${shown}`);
        await page.getByRole("button", { name: "One instruction back" }).click();
        await page.waitForFunction((n) => Number(document.querySelector<HTMLInputElement>("div.steps input")?.value) === n - 1, end, MOST);
        await page.screenshot({ path: join(world.pictures, "typed.png") });
      }),
  },
  {
    name: "the shell runs a line of its arguments, under a policy, and a link opens it",
    run: async (world) => {
      let hash = "";
      await withPage(world, {}, async (page) => {
        await choice(page, "Program").selectOption(SHELL);
        await page.getByRole("button", { name: "Stop" }).click();
        await page.getByRole("tab", { name: "Output" }).click();
        await page.getByLabel("Arguments", { exact: true }).fill('-c "id -u; cat /etc/hostname; mkdir /x || echo refused"');
        await page.getByRole("checkbox", { name: "Start under a policy" }).check();
        await write(
          page.getByRole("textbox", { name: "Policy" }),
          "A = sys_number\nA == mkdir ? deny : allow\nallow: return ALLOW\ndeny: return ERRNO(EPERM)",
        );
        await ends(page, () => page.getByRole("button", { name: "▶ Run" }).click());
        assert.match((await page.locator(".bottom").textContent()) ?? "", /0\ntrapgate\n(.*\n)*.*refused/);
        assert.ok((await callsIn(page)).some((text) => /mkdir\("\/x", 0777\) = -1 EPERM.*ERRNO\(1\)/.test(text)));
        await page.getByRole("button", { name: "Share", exact: true }).click();
        hash = new URL(page.url()).hash;
      });
      await withPage(world, { hash }, async (page) => {
        const told = await page.locator("body").textContent();
        assert.match((await page.locator(".bottom").textContent()) ?? "", /refused/, `${hash}\n${told}`);
      });
    },
  },
];

export const terminalChecks: readonly Check[] = [
  ...(hasShell ? shellChecks : []),
  {
    name: "a program of one's own reads from the terminal",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await page.getByRole("tab", { name: "Terminal" }).click();
        await page.locator(".xterm-helper-textarea").waitFor({ state: "attached" });
        const echo = `%include "guest.inc"
 elf64
_start: say "name? "
 sub rsp, 64
 call64 0, 0, rsp, 64
 call64 1, 1, rsp, rax
 die 0
 end_elf`;
        await write(page.getByRole("textbox", { name: "Assembly of the program" }), echo);
        await page.keyboard.press("Control+Enter");
        await shows(page, "name?");
        await page.locator(".xterm-helper-textarea").focus();
        await ends(page, () => type(page, "zenobia"));
        await shows(page, "exited with 0");
        const calls = await callsIn(page);
        assert.ok(
          calls.some((text) => /read\(0, "zenobia\\n", 64\) = 8/.test(text)),
          calls.join("\n"),
        );
      }),
  },
  {
    name: "a copy without busybox says so",
    run: (world) =>
      withPage(
        world,
        { serviceWorkers: "block" },
        async (page) => {
          await page.route("**/shell/*", (route) => route.fulfill({ status: 404, body: "not here" }));
          await ends(page, () => choice(page, "Program").selectOption(SHELL));
          await page.getByRole("alert").getByText("This copy of the lab has no shell").waitFor();
          // Firefox and Chromium log the missing file; the page itself must not fail.
        },
        [/404/],
      ),
  },
];
