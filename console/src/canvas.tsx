/** A canvas that is as sharp as the screen and is drawn again whenever its parent renders, its size changes or the theme does. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

interface Props {
  readonly draw: Draw;
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly class?: string;
}

interface Surface {
  readonly context: CanvasRenderingContext2D;
  width: number;
  height: number;
}

export function Canvas({ draw, label, class: name = '' }: Props) {
  const element = useRef<HTMLCanvasElement>(null);
  const surface = useRef<Surface | null>(null);
  const latest = useRef(draw);
  latest.current = draw;
  const paint = () => {
    if (surface.current === null) return;
    const { context, width, height } = surface.current;
    context.clearRect(0, 0, width, height);
    latest.current(context, width, height);
  };

  useEffect(() => {
    const canvas = element.current!;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      const scale = devicePixelRatio || 1;
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      const context = canvas.getContext('2d')!;
      context.scale(scale, scale);
      surface.current = { context, width, height };
      paint();
    });
    observer.observe(canvas);
    const themes = new MutationObserver(paint);
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      observer.disconnect();
      themes.disconnect();
    };
  }, []);

  useLayoutEffect(paint);

  return <canvas ref={element} class={name} role="img" aria-label={label} />;
}
