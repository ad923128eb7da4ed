/** The text `module:FILE[?options]`. Pure; any thread. */

export interface ModuleSinkSpec {
  readonly kind: 'module';
  /** `module:FILE`, or what the option `name` says: the sink's name in metrics and logs. */
  readonly name: string;
  /** Path of a module whose default export makes the sink. */
  readonly file: string;
  /** Everything behind the question mark but `name`: for the module. */
  readonly options: Readonly<Record<string, string>>;
}

/** A plus is a plus: telephone numbers begin with one. */
function optionsOf(query: string): URLSearchParams {
  return new URLSearchParams(query.replaceAll('+', '%2B'));
}

export function parseModuleSink(text: string): ModuleSinkSpec | { readonly problem: string } {
  const question = text.indexOf('?');
  const file = text.slice('module:'.length, question < 0 ? undefined : question);
  if (!/\.[cm]?[jt]s$/.test(file))
    return { problem: 'expected a module, as in module:./my-sink.ts or module:./my-sink.js' };
  const { name, ...options } = Object.fromEntries(optionsOf(question < 0 ? '' : text.slice(question + 1)));
  if (name !== undefined && !/^[\w.:/-]{1,64}$/.test(name))
    return { problem: 'name: expected 1 to 64 letters, digits, _ - . : /' };
  return { kind: 'module', name: name ?? `module:${file}`, file, options };
}
