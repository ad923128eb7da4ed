/** A real Chromium, Debian's, and what it is asked in the tests of the console's page. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export function launchBrowser(): Promise<Browser> {
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  // Its sandbox does not run as root, where tests do in containers; what is opened is our own page.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] });
}

/** What the page said on its console, and what was thrown in it: there must be nothing. A CSP violation is there as well. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // What a server that restarts, or refuses a token, makes the browser say by itself.
    const isOfNetwork = /Failed to load resource|WebSocket connection|ERR_CONNECTION/.test(message.text());
    if (message.type() === 'error' && !isOfNetwork) complaints.push(message.text());
  });
  return complaints;
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds on the page as it is now. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  const { violations } = (await page.evaluate('axe.run()')) as { violations: readonly Violation[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`);
}

/** Has the page keep all that it plays, as it goes to the loudspeaker. Before the page is opened. */
export async function recordSound(page: Page): Promise<void> {
  await page.addInitScript(`
    window.heard = [];
    const connect = AudioNode.prototype.connect;
    AudioNode.prototype.connect = function (target, ...rest) {
      if (target instanceof AudioDestinationNode) {
        const recorder = this.context.createScriptProcessor(4096, 1, 1);
        recorder.onaudioprocess = ({ inputBuffer }) => window.heard.push(...inputBuffer.getChannelData(0));
        connect.call(this, recorder);
        connect.call(recorder, target);
      }
      return connect.call(this, target, ...rest);
    };
  `);
}

export async function heardBy(page: Page): Promise<Float32Array> {
  return Float32Array.from((await page.evaluate('window.heard.splice(0)')) as number[]);
}

export interface FrameCosts {
  readonly frames: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

interface TraceEvent {
  readonly name: string;
  readonly tid: number;
  readonly ts: number;
  /** CPU time of the thread, in microseconds. */
  readonly tdur?: number;
}

/**
 * What frames cost the page's main thread: updates, drawing, layout and paint from one frame to the next; while it scrolls as well. CPU
 * time: on a busy machine the clock would count what others do.
 */
export async function frameCosts(page: Page, frameCount: number, scrolls: boolean): Promise<FrameCosts> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
  await page.evaluate(`new Promise((resolve) => {
    const grid = document.querySelector('.rows');
    let left = ${frameCount};
    const frame = () => {
      if (${scrolls}) grid.scrollTop += 37;
      if (left-- > 0) requestAnimationFrame(frame);
      else resolve();
    };
    requestAnimationFrame(frame);
  })`);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: readonly TraceEvent[];
  };
  const frames = traceEvents.filter(({ name }) => name === 'FireAnimationFrame').sort((a, b) => a.ts - b.ts);
  const tasks = traceEvents.filter(
    ({ name, tid, tdur }) => name.endsWith('RunTask') && tid === frames[0]!.tid && tdur !== undefined,
  );
  const costsMs = frames.slice(1).map(({ ts }, i) => {
    const within = tasks.filter((task) => task.ts >= frames[i]!.ts - 1000 && task.ts < ts - 1000);
    return within.reduce((sum, task) => sum + task.tdur!, 0) / 1000;
  });
  costsMs.sort((a, b) => a - b);
  const at = (share: number) => costsMs[Math.floor(share * (costsMs.length - 1))]!;
  return { frames: costsMs.length, p50Ms: at(0.5), p95Ms: at(0.95) };
}
