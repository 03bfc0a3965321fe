/** Whether a text is as a pattern says: `*` stands for any text, `?` for one character. Linear but for the stars; no regular expression. */
export function globMatches(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  let star = -1;
  let from = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p;
      from = t;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      from += 1;
      t = from;
      p = star + 1;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** Whether everything that one pattern matches is matched by another. Told only where it is plain to see. */
export function globCovers(wide: string, narrow: string): boolean {
  // A narrow `*` or `?` is text like any other here: what matches the pattern as text matches what it stands for,
  // unless a `?` of the wide one would have to stand for a `*`.
  if (wide === narrow || /^\*+$/.test(wide)) return true;
  return !wide.includes('?') && globMatches(wide, narrow);
}
