/** Begins the page. */
import { render } from 'preact';
import { App } from './app.tsx';
import { beginTheme } from './theme.ts';

beginTheme();
render(<App />, document.getElementById('app')!);
