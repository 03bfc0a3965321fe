/** How long after somebody's last touch or key what the page asks for is still taken for theirs, ms. */
const lastsMs = 60_000;

let lastUse = Date.now();

for (const type of ['pointerdown', 'keydown', 'wheel', 'touchmove']) {
  addEventListener(type, () => (lastUse = Date.now()), { passive: true });
}

/** Whether somebody is using the page: what it fetches by itself must not keep a session alive that nobody uses. */
export function isInUse(): boolean {
  return Date.now() - lastUse < lastsMs && !document.hidden;
}
