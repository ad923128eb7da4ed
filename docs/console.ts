/**
 * Makes the pictures of the console in docs/images, each dark and light: starts the demonstration, waits until a minute of it has passed, and
 * takes them in a real browser. `npm run docs:console`; wants chromium and ffmpeg.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../test/console/browser.ts';
import { GatewayProcess, sourceEntry } from '../test/support/gateway-process.ts';
import { pictureSources, recordSources } from './picture-sources.ts';
import { savePicture } from './save-picture.ts';

const root = resolve(import.meta.dirname, '..');
/** Until all calls are there; and until the graphs are full. */
const settleMs = 8000;
const minuteMs = 62_000;
const bytesMax = 150_000;
const viewport = { width: 1280, height: 800 };

/** Returns the address of its page, and what ends it. */
async function startDemo(): Promise<{ readonly address: string; readonly stop: () => Promise<void> }> {
  const command = ['--disable-warning=ExperimentalWarning', 'console/demo/main.ts', '--port', '0', '--admin-port', '0'];
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const address = await new Promise<string>((found, failed) => {
    createInterface(child.stdout).on('line', (line) => {
      const match = /http:\S+/.exec(line);
      if (match !== null) found(match[0]);
    });
    exited.then(([code]) => failed(new Error(`the demonstration ended with ${code}`)));
  });
  const stop = async () => {
    child.kill('SIGINT');
    await exited;
  };
  return { address, stop };
}

/** A page for each theme. */
async function openPages(browser: Browser, address: string): Promise<Readonly<Record<'dark' | 'light', Page>>> {
  const open = async (colorScheme: 'dark' | 'light') => {
    const page = await browser.newPage({ viewport, colorScheme });
    await page.goto(address, { timeout: 90_000 });
    return page;
  };
  return { dark: await open('dark'), light: await open('light') };
}

async function take(page: Page, name: string): Promise<void> {
  const path = join(import.meta.dirname, `images/console-${name}.png`);
  if (savePicture(await page.screenshot(), path) > bytesMax) throw new Error(`${path} has more than ${bytesMax} bytes`);
}

const browser = await launchBrowser();
const demo = await startDemo();
try {
  await sleep(settleMs);
  const lists = Object.entries(await openPages(browser, demo.address));
  const calls = Object.entries(await openPages(browser, demo.address));
  for (const [, page] of lists) await page.getByRole('button', { name: 'Labels' }).click();
  for (const [, page] of calls) {
    await page.locator('.rows .body .row', { hasText: 'assistant' }).first().click();
    await page.getByRole('button', { name: 'Listen to all' }).click();
  }
  await sleep(minuteMs);
  for (const [theme, page] of lists) await take(page, `overview-${theme}`);
  for (const [theme, page] of calls) {
    await page.locator('.latency').waitFor();
    await take(page, `call-${theme}`);
  }
} finally {
  await demo.stop();
}
const guarded = await GatewayProcess.startWith({ program: sourceEntry }, '--console', '--admin-token', 'picture');
const pages = await openPages(browser, `http://127.0.0.1:${guarded.adminPort}/console`);
for (const [theme, page] of Object.entries(pages)) {
  await page.getByLabel('Admin token').waitFor();
  await take(page, `login-${theme}`);
}
await guarded.drain();
await browser.close();
recordSources(Object.keys(pictureSources).filter((name) => name.startsWith('console-')));
