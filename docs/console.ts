/**
 * Makes the pictures of the console in docs/images, each dark and light: starts the demonstration, waits until a minute of it has passed, and
 * takes them in a real browser. `npm run docs:console`; wants chromium.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../test/console/browser.ts';
import { GatewayProcess, sourceEntry } from '../test/support/gateway-process.ts';
import { pictureSources, recordSources } from './picture-sources.ts';

const root = resolve(import.meta.dirname, '..');
const minuteMs = 64_000;
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

async function eachTheme(browser: Browser, address: string, name: string, show: (page: Page) => Promise<void>) {
  for (const colorScheme of ['dark', 'light'] as const) {
    const page = await browser.newPage({ viewport, colorScheme });
    await page.goto(address);
    await show(page);
    const path = join(import.meta.dirname, `images/console-${name}-${colorScheme}.png`);
    await page.screenshot({ path });
    const { size } = statSync(path);
    console.log(`${path} ${Math.round(size / 1000)} KB`);
    if (size > bytesMax) throw new Error(`${path} has more than ${bytesMax} bytes`);
    await page.close();
  }
}

const browser = await launchBrowser();
const demo = await startDemo();
try {
  await sleep(minuteMs);
  await eachTheme(browser, demo.address, 'overview', async (page) => {
    await page.locator('.rows .body .row').nth(10).waitFor();
    await page.getByRole('button', { name: 'Labels' }).click();
    await sleep(5000);
  });
  await eachTheme(browser, demo.address, 'call', async (page) => {
    await page.locator('.rows .body .row', { hasText: 'assistant' }).first().click();
    await page.getByRole('button', { name: 'Listen to all' }).click();
    await page.locator('.latency').waitFor();
    await sleep(3000);
  });
} finally {
  await demo.stop();
}
const guarded = await GatewayProcess.startWith({ program: sourceEntry }, '--console', '--admin-token', 'picture');
await eachTheme(browser, `http://127.0.0.1:${guarded.adminPort}/console`, 'login', (page) =>
  page.getByLabel('Admin token').waitFor(),
);
await guarded.drain();
await browser.close();
recordSources(Object.keys(pictureSources).filter((name) => name.startsWith('console-')));
