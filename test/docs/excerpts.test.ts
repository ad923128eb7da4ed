/** What a page shows of a file is in that file, which compiles; what the README says of speed is what docs/performance.md shows. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { needs } from '../support/needs.ts';
import { pages, read, root } from './pages.ts';

const excerpt = /<!-- from: (\S+) -->\n```\w+\n([\s\S]*?)```/g;

function dedented(text: string): string {
  return text.replaceAll(/^ +/gm, '');
}

test('lines that a page shows of a file stand there, but for their indentation', () => {
  const shown = pages().flatMap(({ text }) => [...text.matchAll(excerpt)]);
  expect(shown.length).toBeGreaterThanOrEqual(4);
  for (const [, file, lines] of shown) expect(dedented(read(file!)), file).toContain(dedented(lines!));
});

const applications = 'examples/call-application';

test('the call application in Python compiles', needs('python3'), () => {
  const script = 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")';
  execFileSync('python3', ['-c', script, `${applications}/python/stream_to_gateway.py`]);
});

test('the call application in Java can be parsed', needs('javac'), () => {
  const flags = ['-XDshould-stop.ifNoError=PARSE', '-d', temporaryFolder()];
  execFileSync('javac', [...flags, `${applications}/java/StreamToGateway.java`]);
});

test('the call application in C# compiles', needs('dotnet'), () => {
  const folder = temporaryFolder();
  const project = `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net8.0</TargetFramework><Nullable>enable</Nullable></PropertyGroup>
  <ItemGroup><PackageReference Include="Azure.Communication.CallAutomation" Version="1.5.0" /></ItemGroup>
</Project>`;
  writeFileSync(join(folder, 'call.csproj'), project);
  copyFileSync(join(root, applications, 'csharp/StreamToGateway.cs'), join(folder, 'StreamToGateway.cs'));
  execFileSync('dotnet', ['build', '--nologo'], { cwd: folder });
});

test('every figure of the README about speed is one of docs/performance.md', () => {
  const section = /^## How fast it is\n([\s\S]*?)^## /m.exec(read('README.md'))![1]!;
  const prose = section.replaceAll(/!?\[[^\]]*\]\([^)]*\)/g, '').replaceAll(/`[^`]*`/g, '');
  const figures = Array.from(prose.matchAll(/(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w-])/g), ([figure]) => figure);
  expect(figures.length).toBeGreaterThan(6);
  const performance = read('docs/performance.md');
  expect(figures.filter((figure) => !new RegExp(`(?<![\\d.,])${figure}(?![\\d])`).test(performance))).toEqual([]);
});
