import { createContext } from 'preact';
import type { ComponentChildren } from 'preact';
import { useContext, useState } from 'preact/hooks';

const context = createContext<(text: string) => void>(() => undefined);

/** The one live region of the page: what has just happened, for those who do not see it. */
export function AnnouncementProvider({ children }: { readonly children: ComponentChildren }) {
  const [text, setText] = useState('');
  return (
    <context.Provider value={setText}>
      {children}
      <div class="unseen" role="status" aria-live="polite">
        {text}
      </div>
    </context.Provider>
  );
}

/** Says something in the live region. */
export function useAnnounce(): (text: string) => void {
  return useContext(context);
}
