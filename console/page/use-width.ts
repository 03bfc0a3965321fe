import { useEffect, useState } from 'preact/hooks';

/**
 * How wide an element is, px: a drawing is made for that, so its letters are never scaled.
 * @returns the element's `ref`, and its width
 */
export function useWidth(usual = 328): readonly [(element: Element | null) => void, number] {
  // It may come later than whoever measures it: in the place of what was being fetched.
  const [element, setElement] = useState<Element | null>(null);
  const [width, setWidth] = useState(usual);
  useEffect(() => {
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(200, Math.floor(entry.contentRect.width)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}
