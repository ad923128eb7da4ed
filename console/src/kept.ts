/** What this browser keeps of us, if it keeps anything. */

/** Null: nothing, or where the browser keeps nothing. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`console.${name}`);
  } catch {
    return null;
  }
}

/** @param text null: no more. Without effect where the browser keeps nothing */
export function keep(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(`console.${name}`);
    else localStorage.setItem(`console.${name}`, text);
  } catch {
    // Then it holds until the page is left.
  }
}
