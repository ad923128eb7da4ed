/** What is wrong with a Dockerfile of the gateway, as sentences: what its text says held against the code and the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Copy, DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { configure } from '../../src/cli/configuration.ts';
import { environmentPrefix } from '../../src/config/config.ts';
import { serveSettings } from '../../src/config/serve-settings.ts';

const root = resolve(import.meta.dirname, '../..');

/** What installs or compiles something. */
const buildTool = /\b(npm|npx|yarn|pnpm|apt-get|apt|apk|pip|gcc|g\+\+|make|python3?|curl|wget|git)\b/;

interface Stage {
  readonly name: string;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

function words(instruction: Instruction): string[] {
  return instruction.getArguments().map((argument) => argument.getValue());
}

/** The stages with the defaults of the arguments filled in. */
function stagesOf(text: string): { readonly stages: Stage[]; readonly images: Map<string, string> } {
  const images = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const args = words(instruction);
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') {
      const image = args[0]!.replace(/\$\{(\w+)\}/g, (_, name: string) => images.get(name) ?? '');
      stages.push({ name: args[2] ?? '', image, instructions: [] });
    } else if (stages.length > 0) stages.at(-1)!.instructions.push(instruction);
    else if (keyword === 'ARG') images.set(args[0]!.split('=')[0]!, args[0]!.split('=')[1] ?? '');
  }
  return { stages, images };
}

/** The name of a variable and its value, of ENV. */
function variables(stage: Stage): Map<string, string> {
  const ofEnv = stage.instructions.filter((each) => each.getKeyword() === 'ENV').flatMap(words);
  return new Map(ofEnv.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
}

function problemsOfImages(stages: readonly Stage[]): string[] {
  const problems: string[] = [];
  const outside = stages.map(({ image }) => image).filter((image) => !stages.some(({ name }) => name === image));
  for (const image of outside) {
    if (!/:.+/.test(image) || image.endsWith(':latest')) problems.push(`${image}: has no tag that pins it`);
    if (image.includes('alpine')) problems.push(`${image}: has no glibc`);
  }
  const releases = new Set(outside.map((image) => /(bookworm|trixie|bullseye)/.exec(image)?.[1]));
  if (releases.size !== 1) problems.push(`the images have different Debian releases: ${outside.join(', ')}`);
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
  const major = /^>=(\d+)\./.exec(engines.node)![1];
  if (!outside.includes(`node:${major}-bookworm-slim`)) problems.push(`no stage has Node.js ${major}`);
  return problems;
}

function problemsOfCopies(stages: readonly Stage[], ignoreFile: string): string[] {
  const problems: string[] = [];
  const allowed = ignoreFile.split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const copied = new Set<string>();
  stages.forEach(({ instructions }, index) => {
    for (const copy of instructions.filter((each) => each.getKeyword() === 'COPY') as Copy[]) {
      const from = copy.getFromFlag()?.getValue();
      if (from !== undefined) {
        if (!stages.slice(0, index).some(({ name }) => name === from))
          problems.push(`COPY --from=${from}: no such stage`);
        continue;
      }
      for (const source of words(copy).slice(0, -1)) {
        copied.add(source);
        if (!existsSync(join(root, source))) problems.push(`COPY ${source}: not in the repository`);
        if (!allowed.includes(source)) problems.push(`COPY ${source}: .dockerignore keeps it out`);
      }
    }
  });
  for (const name of allowed)
    if (!copied.has(name)) problems.push(`.dockerignore lets ${name} in, and nothing copies it`);
  if (!/^\*$/m.test(ignoreFile)) problems.push('.dockerignore does not begin with everything');
  return problems;
}

function problemsOfResult(stage: Stage): string[] {
  const problems: string[] = [];
  const only = (keyword: string) => stage.instructions.filter((each) => each.getKeyword() === keyword);
  for (const run of only('RUN')) {
    const tool = buildTool.exec(words(run).join(' '))?.[1];
    if (tool !== undefined) problems.push(`the result runs ${tool}`);
  }
  const user = only('USER').at(-1);
  if (user === undefined || !/^[1-9]\d*:[1-9]\d*$/.test(words(user)[0]!)) problems.push('USER is not a number above 0');
  for (const keyword of ['ENTRYPOINT', 'CMD']) {
    const [instruction] = only(keyword) as JSONInstruction[];
    if (instruction === undefined || instruction.getJSONStrings().length === 0)
      problems.push(`${keyword} is not in exec form`);
  }
  const entry = (only('ENTRYPOINT')[0] as JSONInstruction | undefined)?.getJSONStrings().at(-1)?.getJSONValue();
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  if (entry !== Object.values(bin)[0]) problems.push(`ENTRYPOINT ends with ${entry}, not with the package's command`);
  if (!only('HEALTHCHECK').some((each) => words(each)[0] === 'CMD' && words(each)[1]!.startsWith('['))) {
    problems.push('there is no HEALTHCHECK in exec form');
  }
  if (!only('STOPSIGNAL').some((each) => words(each)[0] === 'SIGTERM')) problems.push('STOPSIGNAL is not SIGTERM');
  const ports = only('EXPOSE').flatMap(words).map(Number);
  const real = [serveSettings.port.fallback, serveSettings.adminPort.fallback];
  if (ports.join() !== real.join())
    problems.push(`EXPOSE ${ports.join(' ')}: the gateway listens on ${real.join(' ')}`);
  return problems;
}

/** Labels that say of the project what package.json says, and of the build what it was given. */
function problemsOfLabels(stage: Stage): string[] {
  const { name, license, homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Package;
  const truth = {
    title: name,
    licenses: license,
    source: homepage,
    version: `$\{VERSION}`,
    revision: `$\{REVISION}`,
  };
  const labels = stage.instructions.filter((each) => each.getKeyword() === 'LABEL').map((each) => each.toString());
  return Object.entries(truth)
    .filter(([key, value]) => !labels.some((text) => text.includes(`org.opencontainers.image.${key}="${value}"`)))
    .map(([key, value]) => `the label ${key} is not ${value}`);
}

interface Package {
  readonly name: string;
  readonly license: string;
  readonly homepage: string;
}

function problemsOfSettings(stage: Stage): string[] {
  const settings = Array.from(variables(stage)).filter(([name]) => name.startsWith(environmentPrefix));
  const environment = Object.fromEntries(settings);
  const told = (env: Record<string, string>) => {
    try {
      configure([], env);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const problems: string[] = [];
  const meant = told({ ...environment, ACS_GATEWAY_ALLOW_ANONYMOUS: 'true' });
  if (meant !== '') problems.push(`ENV: ${meant}`);
  if (!told(environment).includes('--allow-anonymous')) problems.push('ENV opens the gateway to everybody');
  if (problems.length > 0) return problems;
  const { host, adminHost } = configure([], { ...environment, ACS_GATEWAY_ALLOW_ANONYMOUS: 'true' });
  if (host !== '0.0.0.0' || adminHost !== '0.0.0.0') problems.push('ENV leaves a port on loopback');
  return problems;
}

/** Empty when all is well. */
export function dockerfileProblems(dockerfile: string, ignoreFile: string): string[] {
  const { stages } = stagesOf(dockerfile);
  const last = stages.at(-1)!;
  return [
    ...problemsOfImages(stages),
    ...problemsOfCopies(stages, ignoreFile),
    ...problemsOfResult(last),
    ...problemsOfLabels(last),
    ...problemsOfSettings(last),
  ];
}

/** The command of HEALTHCHECK. */
export function healthCommand(dockerfile: string): string[] {
  const line = /^HEALTHCHECK[\s\S]*?CMD (\[.*\])$/m.exec(dockerfile)![1]!;
  return JSON.parse(line) as string[];
}
