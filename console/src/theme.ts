/** Dark or light: what the system prefers, until the switch says otherwise; and the colours that canvases need, which CSS cannot give them. */
import { keep, kept } from './kept.ts';

export type Theme = 'dark' | 'light';

const keptName = 'theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

function systemTheme(): Theme {
  return systemIsDark.matches ? 'dark' : 'light';
}

/** What the switch said; null: nothing. */
function chosenTheme(): Theme | null {
  const chosen = kept(keptName);
  return chosen === 'dark' || chosen === 'light' ? chosen : null;
}

export function currentTheme(): Theme {
  return document.documentElement.dataset['theme'] === 'light' ? 'light' : 'dark';
}

function show(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  palette = readPalette();
}

export function beginTheme(): void {
  show(chosenTheme() ?? systemTheme());
  systemIsDark.addEventListener('change', () => show(chosenTheme() ?? systemTheme()));
}

export function switchTheme(): Theme {
  const theme = currentTheme() === 'dark' ? 'light' : 'dark';
  keep(keptName, theme);
  show(theme);
  return theme;
}

function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour('text'),
    dim: colour('dim'),
    line: colour('line'),
    track: colour('track'),
    wave: colour('wave'),
    spoken: colour('spoken'),
    good: colour('good'),
    warn: colour('warn'),
    bad: colour('bad'),
    jitter: colour('jitter'),
    residence: colour('residence'),
  };
}

export type Palette = ReturnType<typeof readPalette>;
/** Of the theme that is shown now. */
export let palette: Palette = readPalette();
