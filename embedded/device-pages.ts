import { demoPage } from './login-page.ts';

/**
 * HTML of the page that asks for the code that a device shows.
 *
 * @param form - as the provider makes it
 * @param wrong - whether there is no such code, or it can no longer be used
 */
export function deviceCodePage(form: string, wrong: boolean): string {
  const told = wrong ? 'This code cannot be used. Another one?' : 'Which code does the other device show?';
  return demoPage(`<h1>A login on another device</h1>
<p>${told}</p>
${form}<p><button form="op.deviceInputForm">Go on</button></p>`);
}

/** HTML of the page that asks whether the other device shows this code, too. */
export function deviceConfirmPage(form: string, client: string, userCode: string): string {
  return demoPage(`<h1>A login on another device</h1>
<p>Does ${client} show <strong>${userCode}</strong>, and was it you who asked?</p>
${form}<p><button form="op.deviceConfirmForm">Yes</button>
<button form="op.deviceConfirmForm" name="abort" value="yes">No</button></p>`);
}

/** HTML of the page for whoever has logged in on another device. */
export function deviceDonePage(): string {
  return demoPage('<h1>Logged in</h1>\n<p>The other device goes on. This page can be closed.</p>');
}
