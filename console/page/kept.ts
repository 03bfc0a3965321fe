/** What this browser keeps for the person; where it keeps nothing (a private window may not), the page works all the same. */
export function readKept(storage: 'local' | 'session', name: string): string | null {
  try {
    return storageOf(storage).getItem(prefix + name);
  } catch {
    return null;
  }
}

/** @param value - null: no longer */
export function keep(storage: 'local' | 'session', name: string, value: string | null): void {
  try {
    if (value === null) storageOf(storage).removeItem(prefix + name);
    else storageOf(storage).setItem(prefix + name, value);
  } catch {
    // Full, or forbidden.
  }
}

/** Forgets what the tab keeps: on a shared machine the next person must not read what somebody was writing. */
export function forgetTab(): void {
  try {
    for (const name of Object.keys(sessionStorage))
      if (name.startsWith(prefix)) sessionStorage.removeItem(name);
  } catch {
    // Nothing was kept.
  }
}

const prefix = 'countersign.';

function storageOf(storage: 'local' | 'session'): Storage {
  return storage === 'local' ? localStorage : sessionStorage;
}
