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

export interface FrameTimes {
  readonly frames: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Has the page keep what updates cost its main thread. Before the page is opened. */
export async function recordFrames(page: Page): Promise<void> {
  await page.addInitScript(`
    window.updateMs = 0;
    const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
    Object.defineProperty(WebSocket.prototype, 'onmessage', {
      set(handle) {
        set.call(this, (event) => {
          const begun = performance.now();
          handle.call(this, event);
          queueMicrotask(() => queueMicrotask(() => { window.updateMs += performance.now() - begun; }));
        });
      },
    });
  `);
}

/** What a frame costs the page's main thread: updates since the one before, drawing, layout and paint; while it scrolls as well. */
export async function frameTimes(page: Page, seconds: number, scrolls: boolean): Promise<FrameTimes> {
  return (await page.evaluate(`new Promise((resolve) => {
    const grid = document.querySelector('.rows');
    const times = [];
    const end = performance.now() + ${seconds * 1000};
    const channel = new MessageChannel();
    let begun = 0;
    channel.port1.onmessage = () => {
      const now = performance.now();
      times.push(now - begun + window.updateMs);
      window.updateMs = 0;
      if (now < end) requestAnimationFrame(frame);
      else {
        times.sort((a, b) => a - b);
        const at = (share) => times[Math.floor(share * (times.length - 1))];
        resolve({ frames: times.length, p50Ms: at(0.5), p95Ms: at(0.95) });
      }
    };
    const frame = () => {
      begun = performance.now();
      if (${scrolls}) grid.scrollTop += 37;
      channel.port2.postMessage(0);
    };
    requestAnimationFrame(frame);
  })`)) as FrameTimes;
}
