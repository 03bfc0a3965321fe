import { DEMO_USERS } from './demo-users.ts';

/** HTML of the page that asks who to log in as; each button posts `user`, and `mfa` where it is ticked, to the page's own address. */
export function loginPage(): string {
  const buttons = DEMO_USERS.map(
    ({ user, name, roles, groups }) =>
      `<li><button name="user" value="${user}">${name}</button> ${[...roles, ...groups].join(', ')}</li>`,
  );
  return demoPage(`<h1>Log in as</h1>
<p>A demo on this machine: nobody is asked for a password.</p>
<form method="post"><p><label><input type="checkbox" name="mfa" value="true"> as if with a second factor</label></p>
<ul>${buttons.join('')}</ul><p><button name="cancel" value="true">Cancel</button></p></form>`);
}

/** A page of the demo provider around a part of its own. */
export function demoPage(part: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Log in to Countersign (demo)</title>
<style>body{font:1rem system-ui;max-width:32rem;margin:3rem auto}li{margin:.5rem 0}button{font:inherit;min-width:10rem}</style>
${part}
</html>`;
}
