import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** The browser's own modal dialog: it keeps the focus, closes by Escape, and gives the focus back. */
export function Dialog(props: {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
}) {
  const { title, children, onClose } = props;
  const element = useRef<HTMLDialogElement>(null);
  // Removing it closes it, too, and of that nobody has to be told.
  const isRemoved = useRef(false);
  useEffect(() => {
    const dialog = element.current;
    const opener = document.activeElement;
    isRemoved.current = false;
    dialog?.showModal();
    return () => {
      isRemoved.current = true;
      dialog?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby="dialog-title"
      onClose={() => {
        if (!isRemoved.current) onClose();
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}
