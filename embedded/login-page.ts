import { DEMO_USERS } from './demo-users.ts';

/** HTML of the page that asks who to log in as; each button posts `user`, and `mfa` where it is ticked, to the page's own address. */
export function loginPage(): string {
  const buttons = DEMO_USERS.map(
    ({ user, name, roles, groups }) =>
      `<li><button name="user" value="${user}">${name}</button> ${[...roles, ...groups].join(', ')}</li>`,
  );
  return demoPage(
    `<h1>Log in as</h1>
<p>A demo on this machine: nobody is asked for a password.</p>
<form method="post"><p><label><input type="checkbox" name="mfa" value="true"> as if with a second factor</label></p>
<ul>${buttons.join('')}</ul><p><button name="cancel" value="true">Cancel</button></p></form>`,
  );
}

/** HTML of the page that asks whether to log out of the provider, too. @param form - the provider's own, `op.logoutForm`, without buttons */
export function logoutPage(form: string): string {
  return demoPage(
    `<h1>Log out of the identity provider, too?</h1>
${form}
<p><button name="logout" value="yes" form="op.logoutForm" autofocus>Log out</button> <button form="op.logoutForm">Stay logged in</button></p>`,
    'Log out (demo)',
  );
}

/** HTML of the page for who has logged out and came from nowhere. */
export function loggedOutPage(): string {
  return demoPage('<h1>You are logged out</h1>', 'Logged out (demo)');
}

/** A page of the demo provider around a part of its own. */
export function demoPage(part: string, title = 'Log in to Countersign (demo)'): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title>
<style>body{font:1rem system-ui;max-width:32rem;margin:3rem auto}li{margin:.5rem 0}button{font:inherit;min-width:10rem}</style>
${part}
</html>`;
}
