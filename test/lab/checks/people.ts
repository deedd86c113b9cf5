// For people: axe-core, the keyboard alone, small windows, dark colours.
import assert from "node:assert/strict";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { type Check, compareTwo, ends, openLesson, withPage } from "../harness.ts";

const findings = async (page: Page): Promise<string[]> => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary?.slice(0, 200)}`),
  );
};

export const peopleChecks: readonly Check[] = [
  ...(["light", "dark"] as const).map(
    (colorScheme): Check => ({
      name: `axe-core finds nothing, ${colorScheme}`,
      run: (world) =>
        withPage(world, { colorScheme, bypassCSP: true }, async (page) => {
          await openLesson(page, 1);
          assert.deepEqual(await findings(page), []);
          await compareTwo(page);
          assert.deepEqual(await findings(page), []);
          await page.screenshot({ path: join(world.pictures, `${colorScheme}.png`) });
          for (const name of ["Time", "Schedules"]) {
            await page.getByRole("tab", { name }).click();
            await page.waitForTimeout(400);
            assert.deepEqual(await findings(page), []);
          }
        }),
    }),
  ),
  {
    name: "is complete with the keyboard",
    run: (world) =>
      withPage(world, {}, async (page) => {
        await page.locator("button.call").first().focus();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        assert.match((await page.getByRole("region", { name: "Selected call" }).textContent()) ?? "", /getppid\(\) = 1/);
        await page.keyboard.press("End");
        assert.match((await page.getByRole("region", { name: "Selected call" }).textContent()) ?? "", /exit_group/);
        // Every control is reached by Tab, the editors do not hold it.
        await page.evaluate(() => (document.activeElement as HTMLElement).blur());
        const seen = new Set<string>();
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press("Tab");
          seen.add(
            await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? ""),
          );
        }
        for (const wanted of ["Assembly of the program", "Share", "Compare two"])
          assert.ok(
            [...seen].some((text) => text.includes(wanted)),
            `${wanted} is not reached: ${[...seen].join(" | ")}`,
          );
        await ends(page, () => page.keyboard.press("Control+Enter"));
      }),
  },
  {
    name: "fits into 360 pixels",
    run: (world) =>
      withPage(world, { viewport: { width: 360, height: 740 } }, async (page) => {
        for (const index of [4, 3]) {
          await openLesson(page, index);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= 360, `${wide} pixels`);
        }
        await page.screenshot({ path: join(world.pictures, "narrow.png"), fullPage: true });
        await compareTwo(page);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
        await page.screenshot({ path: join(world.pictures, "narrow-two.png"), fullPage: true });
      }),
  },
  {
    name: "does not move while it loads",
    run: (world) =>
      withPage(world, {}, async (page) => {
        const shift = await page.evaluate(
          () =>
            new Promise<number>((done) => {
              let sum = 0;
              new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { value: number }).value;
              }).observe({ type: "layout-shift", buffered: true });
              setTimeout(() => done(sum), 300);
            }),
        );
        assert.ok(shift < 0.1, `layout shift ${shift}`);
      }),
  },
];
