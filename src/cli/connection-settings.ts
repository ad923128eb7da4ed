/** The flags of everything that plays ACS: what is sent with an upgrade, and to whom. */
import { setting } from '../config/setting.ts';

const headerPattern = /^([^:\s]+):\s*(.*)$/;

export const connectionSettings = {
  header: setting.list({
    placeholder: "'NAME: VALUE'",
    pattern: headerPattern,
    expects: "a header such as 'Name: value'",
    secret: true,
    help: 'sent with every upgrade',
  }),
  token: setting.text({ fallback: null, secret: true, help: 'sent as Authorization: Bearer' }),
  insecure: setting.flag({ help: 'accept a certificate that cannot be verified' }),
};

/** The headers by name; of one that is given twice the last. */
export function headersOf({ header }: { readonly header: readonly string[] }): Record<string, string> {
  return Object.fromEntries(header.map((line) => headerPattern.exec(line)!.slice(1, 3) as [string, string]));
}
