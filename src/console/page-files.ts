/**
 * The page and its parts as they are served: read once, compressed once, and read again when the page was built anew. Only `index.html` and what is in
 * `assets/` is ever served; the compiled code of the console lies in the same folder. Main thread.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest']);
/** A page is built once, and read as often as people come. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
/** Vite puts a hash of the content into the name: under it nothing else will ever be. */
const hashed = /-[\w-]{8,}\.\w+$/;
const assetName = /^[\w.-]{1,128}$/;
const assetsMax = 100;

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const pageHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer | null;
  readonly br: Buffer | null;
}

async function load(path: string): Promise<PageFile> {
  const plain = await readFile(path);
  const extension = extname(path);
  const isSmaller = compressible.has(extension);
  return {
    type: types[extension] ?? 'application/octet-stream',
    plain,
    gzip: isSmaller ? await promisify(gzip)(plain) : null,
    br: isSmaller ? await promisify(brotliCompress)(plain, brotliOptions) : null,
  };
}

export class PageFiles {
  private readonly folder: string;
  /** By the path under the folder; null before the first request. */
  private files: Promise<ReadonlyMap<string, PageFile>> | null = null;
  private builtMs = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @param name `index.html`, or `assets/` and a name */
  async answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const files = await this.current();
    if (files === null) {
      response.writeHead(503, { ...pageHeaders, 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('The page of the console is not built: run npm run build.\n');
      return;
    }
    const file = files.get(name);
    if (file === undefined) {
      response.writeHead(404, { ...pageHeaders, 'Content-Type': 'text/plain; charset=utf-8' }).end('not found\n');
      return;
    }
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const coding = (['br', 'gzip'] as const).find((one) => file[one] !== null && accepted.includes(one));
    const body = coding === undefined ? file.plain : file[coding]!;
    response.writeHead(200, {
      ...pageHeaders,
      'Content-Type': file.type,
      'Content-Length': body.length,
      'Cache-Control': hashed.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(coding !== undefined && { 'Content-Encoding': coding }),
    });
    response.end(body);
  }

  /** Null: there is no page. */
  private async current(): Promise<ReadonlyMap<string, PageFile> | null> {
    const builtMs = await stat(join(this.folder, 'index.html')).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
    if (builtMs === null) return null;
    if (this.files === null || builtMs !== this.builtMs) {
      this.builtMs = builtMs;
      this.files = this.read();
      this.files.catch(() => {
        this.files = null;
      });
    }
    return this.files;
  }

  private async read(): Promise<ReadonlyMap<string, PageFile>> {
    const assets = await readdir(join(this.folder, 'assets')).catch(() => []);
    const names = assets.filter((name) => assetName.test(name)).slice(0, assetsMax);
    const all = ['index.html', ...names.map((name) => `assets/${name}`)];
    return new Map(await Promise.all(all.map(async (name) => [name, await load(join(this.folder, name))] as const)));
  }
}
