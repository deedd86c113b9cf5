// Each lesson is solved as a person would: by typing and clicking; before that its task is not solved.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { type Check, choice, compareTwo, ends, openLesson, runAgain, withPage, write } from "../harness.ts";

const program = (page: Page) => page.getByRole("textbox", { name: "Assembly of the program" });
const policy = (page: Page) => page.getByRole("textbox", { name: "Policy" });
const textOf = (page: Page, name: string): Promise<string> =>
  page
    .getByRole("textbox", { name })
    .evaluate((editor) => [...editor.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
const symbols = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel("Symbols").fill(text);
  await runAgain(page);
};

const solutions: Readonly<Record<string, { readonly solve: (page: Page) => Promise<void> }>> = {
  "What a door is": {
    solve: async (page) => {
      const text = await textOf(page, "Assembly of the program");
      const own = "        mov ebx, 1\n        mov ecx, text\n        mov edx, end - text\n        mov eax, 4\n        int 0x80\n";
      await write(program(page), text.replace("        mov     eax, 231", `${own}        mov     eax, 231`));
      await runAgain(page);
    },
  },
  "Number and architecture": {
    solve: async (page) => {
      await write(
        policy(page),
        "A = arch\nA == ARCH_X86_64 ? wide : narrow\nwide: A = sys_number\nA == getppid ? deny : allow\nnarrow: A = sys_number\nA == 64 ? deny : allow\nallow: return ALLOW\ndeny: return ERRNO(EPERM)",
      );
      await runAgain(page);
    },
  },
  "int 0x80 from 64-bit code": { solve: (page) => symbols(page, "FIXED") },
  "Heaven's gate": {
    solve: compareTwo,
  },
  "x32: bit 30 of the number": {
    solve: async (page) => {
      await ends(page, () => page.getByRole("checkbox", { name: "x32" }).check());
      await page.getByText("getppid ran with an x32 number").first().waitFor();
      await symbols(page, "FIXED");
    },
  },
  "Narrow arguments": {
    solve: async (page) => {
      const text = await textOf(page, "Policy");
      await write(policy(page), text.replace("A == 0 ? low : allow", "goto low"));
      await runAgain(page);
    },
  },
  "What C says, and what a filter sees": {
    solve: async (page) => {
      await page.getByRole("group", { name: "Language" }).getByRole("button", { name: "C", exact: true }).click();
      const source = page.getByRole("textbox", { name: "C of the program" });
      // The line of the call that is selected.
      await page
        .getByRole("button", { name: /socket\(/ })
        .nth(1)
        .click();
      await source.locator(".cm-called", { hasText: "SOCK_STREAM | SOCK_CLOEXEC" }).waitFor();
      assert.equal(await source.getAttribute("aria-readonly"), "true");
      await page.getByRole("group", { name: "Language" }).getByRole("button", { name: "Assembly" }).click();
      const text = await textOf(page, "Policy");
      await write(policy(page), text.replace("A = args[1]\n", "A = args[1]\nA &= 15\n"));
      await runAgain(page);
    },
  },
  "A supervisor that looks at memory": { solve: (page) => symbols(page, "FIXED") },
  "Strict mode": {
    solve: async (page) => {
      const text = await textOf(page, "Assembly of the program");
      await write(program(page), text.replace(/.*call64 {2}39.*\n/, ""));
      await runAgain(page);
    },
  },
  "The lock of 2012, and why it went": {
    solve: async (page) => {
      await ends(page, () => choice(page, "Kernel").nth(0).selectOption("patch:v9"));
      await ends(page, () => choice(page, "Kernel").nth(1).selectOption("patch:v10"));
    },
  },
  "Write a policy for this program": {
    solve: async (page) => {
      await write(policy(page), "write: 1\nexit_group: 1\n");
      await runAgain(page);
    },
  },
};

export const lessonChecks: readonly Check[] = Object.entries(solutions).map(([title, { solve }], n) => ({
  name: `lesson ${n + 1}, ${title}: has a task, and a solution`,
  run: (world) =>
    withPage(world, {}, async (page) => {
      assert.equal(
        await choice(page, "Lesson")
          .locator("option")
          .nth(n + 1)
          .textContent(),
        `${n + 1}. ${title}`,
      );
      await openLesson(page, n + 1);
      await page.getByRole("heading", { name: title }).waitFor();
      assert.equal(await page.getByText("✓ Solved.").count(), 0, "it is solved from the beginning");
      await page.screenshot({ path: join(world.pictures, `lesson-${n + 1}.png`) });
      await solve(page);
      await page.getByText("✓ Solved.").waitFor({ timeout: 10_000 });
      await page.screenshot({ path: join(world.pictures, `lesson-${n + 1}-solved.png`) });
    }),
}));
