// The demo page: its content, its layout on a narrow and a dark screen, and its buttons.

import axe from 'axe-core';
import { serveDemo } from '../support/demo-site.js';
import { expect, test as base } from './fixture.js';

const test = base.extend({
  demo: async ({}, use) => {
    const demo = await serveDemo({ lifetimeS: 1200 });
    await use(demo);
    await demo.close();
  },
});

/** Opens the page on an origin and waits for this state of its client. */
async function visit(page, origin, state) {
  await page.goto(origin);
  await expect(page.locator('#state')).toHaveText(state);
}

async function visitAllowed(page, demo) {
  await visit(page, demo.allowed, 'fresh');
  await expect(page.locator('#other-state')).toHaveText('origin_not_allowed');
  await expect(page.locator('#other-requests')).toHaveText('1');
}

/** Finds the visible elements that reach beyond the edge of the screen. */
const overflowing = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('body, body *')]
      .filter(
        (element) =>
          !element.closest('#frames, .unseen, svg *') &&
          element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5,
      )
      .map(({ outerHTML }) => outerHTML.slice(0, 80)),
  );

async function violations(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => window.axe.run(document, { iframes: false }));
  expect(found.passes.map(({ id }) => id)).toContain('color-contrast');
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

for (const width of [375, 1280])
  for (const colorScheme of ['light', 'dark'])
    test(`${width} pixels wide, ${colorScheme}: nothing is cut off, and axe finds nothing`, async ({ page, demo }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await visitAllowed(page, demo);
      expect(await overflowing(page)).toEqual([]);
      expect(await violations(page)).toEqual([]);
      await visit(page, demo.refused, 'origin_not_allowed');
      expect(await overflowing(page)).toEqual([]);
      expect(await violations(page)).toEqual([]);
    });

test('each enabled button has an effect', async ({ page, demo }) => {
  const names = async () => {
    const buttons = await page.getByRole('button', { disabled: false }).all();
    return Promise.all(buttons.map(async (button) => (await button.getAttribute('aria-label')) ?? button.innerText()));
  };
  /** Clicks, and waits for a change of the page. The ring does not count, because it changes by itself. */
  const press = async (name) => {
    await page.evaluate(() => {
      window.changes = 0;
      const own = ({ target }) => !(target.parentElement ?? target).closest('.ring');
      new MutationObserver((records) => (window.changes += records.filter(own).length)).observe(document.body, {
        subtree: true,
        childList: true,
        attributes: true,
        characterData: true,
      });
    });
    await page.getByRole('button', { name, exact: true }).click();
    await expect.poll(() => page.evaluate(() => window.changes), { message: name }).toBeGreaterThan(0);
  };

  await visitAllowed(page, demo);
  const all = await names();
  expect(all.length).toBe(9);
  for (const name of all) {
    await visitAllowed(page, demo);
    await press(name);
  }
  await visit(page, demo.refused, 'origin_not_allowed');
  expect(await names()).toEqual(['Get a new token']);
  await press('Get a new token');
});

test('a comparison shows the number of requests from each client', async ({ page, demo }) => {
  await visitAllowed(page, demo);
  await page.getByRole('button', { name: 'Run: 100 callers' }).click();
  const card = page.locator('#callers');
  await expect(card).toHaveAttribute('data-state', 'done', { timeout: 20_000 });
  await expect(card.locator('[data-client=ours] dd:not(.bar)')).toHaveText('1');
  await expect(card.locator('[data-client=plain] dd:not(.bar)')).toHaveText('100');
  await expect(page.getByRole('button', { name: 'Run: 20 tabs' })).toBeEnabled();
});

test('only the demo page that started last controls the Auth APIs of the comparisons', async ({ demo }) => {
  const post = async (action, origin, body = {}) => {
    const answer = await fetch(`${demo.allowed}/do/${action}`, {
      method: 'POST',
      headers: origin ? { Origin: origin } : {},
      body: JSON.stringify(body),
    });
    return [answer.status, await answer.json()];
  };
  expect((await post('start', undefined, { lifetimeS: 8 }))[0]).toBe(403);
  expect((await post('start', demo.refused, { lifetimeS: 8 }))[0]).toBe(403);
  expect((await post('start', demo.allowed, { lifetimeS: 'long' }))[0]).toBe(400);
  const [status, { run }] = await post('start', demo.allowed, { lifetimeS: 8 });
  expect(status).toBe(200);
  expect(await post('count', demo.allowed, { run })).toEqual([200, { ours: 0, plain: 0 }]);
  await post('start', demo.allowed, { lifetimeS: 8 });
  expect((await post('outage', demo.allowed, { run }))[0]).toBe(409);
});
