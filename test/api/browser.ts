/** One browser: it keeps the refresh cookie as browsers do, and shows it to the sign-in routes alone. */
import type { Reply, World } from './world.ts';

export interface Browser {
  /** POST below /v1/auth */
  post(path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** what is kept now; '' after signing out */
  cookie(): string;
  /** the one it was given last, with its attributes */
  setCookie(): string;
  /** the same cookie in another browser: a copy */
  copy(): Browser;
}

export function openBrowser(ask: World['ask'], kept = ''): Browser {
  let cookie = kept;
  let last = '';
  return {
    async post(path, body, headers = {}) {
      const shown = cookie === '' ? {} : { cookie };
      const reply = await ask('POST', `/v1/auth/${path}`, {
        headers: { 'sec-fetch-site': 'same-origin', ...shown, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      const given = reply.headers['set-cookie'];
      if (given !== undefined) {
        last = String(given);
        cookie = /Max-Age=0(;|$)/.test(last) ? '' : (last.split(';')[0] ?? '');
      }
      return reply;
    },
    cookie: () => cookie,
    setCookie: () => last,
    copy: () => openBrowser(ask, cookie),
  };
}

export const bearer = (session: Reply): Record<string, string> => ({
  authorization: `Bearer ${String(session.body.accessToken)}`,
});

/** A new browser, signed in by a link that an operator made. */
export async function enter(world: World, invitee: object): Promise<{ browser: Browser; session: Reply }> {
  const link = await world.ask('POST', '/v1/auth/links', { as: 'operator', body: invitee });
  const browser = openBrowser(world.ask);
  const session = await browser.post('link', { token: tokenOf(link.body.url) });
  return { browser, session };
}

export function tokenOf(url: string): string {
  return url.split('/#/enter/')[1] ?? '';
}
