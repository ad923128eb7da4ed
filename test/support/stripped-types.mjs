/**
 * Loaded before programs of TypeScript (`--import`), in each of their threads: what was stripped of its types stays for the next of the
 * hundreds of processes that tests start. Node.js does the same each time anew, with a compiler that it has to load first.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

const folder = process.env.ACS_TEST_STRIPPED;

function stripped(text) {
  const file = join(folder, createHash('sha256').update(process.version).update(text).digest('hex').slice(0, 32));
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const source = stripTypeScriptTypes(text);
    // Under its name only when it is whole.
    const unfinished = `${file}.${process.pid}.${threadId}`;
    writeFileSync(unfinished, source);
    renameSync(unfinished, file);
    return source;
  }
}

registerHooks({
  load(url, context, nextLoad) {
    if (!/^file:.*\.ts$/.test(url)) return nextLoad(url, context);
    return { format: 'module', source: stripped(readFileSync(new URL(url), 'utf8')), shortCircuit: true };
  },
});
