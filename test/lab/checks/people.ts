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
    run: async (world) => {
      const context = await world.browser.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      // The places of panes in each frame, from the first one that is drawn.
      await page.addInitScript(() => {
        const moves: string[] = [];
        const places = new Map<string, string>();
        Object.assign(window, { moves });
        const look = (): void => {
          for (const pane of document.querySelectorAll("header, .left > section, .middle > *, .detail")) {
            const { x, y, width, height } = pane.getBoundingClientRect();
            const place = [x, y, width, height].map(Math.round).join(" ");
            const name = pane.getAttribute("aria-label") ?? pane.className;
            const before = places.get(name);
            if (before !== undefined && before !== place) moves.push(`${name}: ${before} -> ${place}`);
            places.set(name, place);
          }
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      });
      await page.goto(world.site.url);
      await page.locator("[data-ended]").waitFor();
      await page.waitForTimeout(300);
      assert.deepEqual(await page.evaluate(() => (window as unknown as { moves: string[] }).moves), []);
      await context.close();
    },
  },
];
