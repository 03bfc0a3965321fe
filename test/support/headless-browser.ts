/** A page that a browser has come to. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** A browser of a test's own: it keeps cookies for each host, follows redirects, and sends forms. */
export function headlessBrowser() {
  const jars = new Map<string, Map<string, string>>();

  async function visit(address: string, form?: Readonly<Record<string, string>>): Promise<Page> {
    let [url, body] = [new URL(address), form === undefined ? undefined : new URLSearchParams(form)];
    for (;;) {
      const jar = jars.get(url.host) ?? new Map<string, string>();
      jars.set(url.host, jar);
      const response = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body && { method: 'POST', body }),
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(cookie) ?? [];
        jar.set(name, value);
      }
      const location = response.headers.get('location');
      const text = await response.text();
      if (location === null) return { url: url.href, status: response.status, text };
      [url, body] = [new URL(location, url), undefined];
    }
  }

  /** Sends the form of a page, with what it has hidden. */
  function submit(page: Page, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    const action = /<form[^>]*\baction="([^"]*)"/.exec(page.text)?.[1] ?? page.url;
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    return visit(new URL(action, page.url).href, {
      ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])),
      ...fields,
    });
  }

  return {
    visit,
    submit,
    /** Logs in at the demo provider's page that an address leads to, as whom the fields say. */
    logIn: async (address: string, fields: Readonly<Record<string, string>>) =>
      submit(await visit(address), fields),
  };
}
