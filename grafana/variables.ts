/** Puts values in the place of Grafana's variables: `$name`, `${name}`, `${name:format}`. Pure. Unknown names stay as they are. */
export function substitute(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    return values[braced ?? bare!] ?? whole;
  });
}
