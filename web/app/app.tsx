import type { ComponentChild } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Role } from '../engine/session.ts';
import type { MessageKey } from './language/en.ts';
import { t } from './language/language.ts';
import { Banners } from './parts/banners.tsx';
import { Menu } from './parts/menu.tsx';
import { Audit } from './screens/audit.tsx';
import { DonorHome } from './screens/donorHome.tsx';
import { Enter } from './screens/enter.tsx';
import { ImpactScreen } from './screens/impact.tsx';
import { Invite } from './screens/invite.tsx';
import { Letters } from './screens/letters.tsx';
import { LotScreen } from './screens/lot.tsx';
import { Lots } from './screens/lots.tsx';
import { LotMap } from './screens/lotMap.tsx';
import { OfferScreen } from './screens/offer.tsx';
import { Partners } from './screens/partners.tsx';
import { PostScreen } from './screens/post.tsx';
import { Profile } from './screens/profile.tsx';
import { RecipientHome } from './screens/recipientHome.tsx';
import { ReportScreen } from './screens/report.tsx';
import { Settings } from './screens/settings.tsx';
import { WindowScreen } from './screens/window.tsx';
import { Windows } from './screens/windows.tsx';
import { SurplusScreen } from './screens/surplus.tsx';
import { Today } from './screens/today.tsx';
import { member, route } from './state.ts';

interface Place {
  readonly title: MessageKey;
  readonly screen: (argument: string) => ComponentChild;
}

const SETTINGS: Place = { title: 'settings.title', screen: () => <Settings /> };

/** Which screens each role has; '' is home. */
const PLACES: Readonly<Record<Role, Readonly<Record<string, Place>>>> = {
  recipient: {
    '': { title: 'menu.offers', screen: () => <RecipientHome /> },
    offer: { title: 'menu.offers', screen: (id) => <OfferScreen id={id} key={id} /> },
    impact: { title: 'impact.title', screen: () => <ImpactScreen /> },
    profile: { title: 'profile.title', screen: () => <Profile /> },
    settings: SETTINGS,
  },
  donor: {
    '': { title: 'food.title', screen: () => <DonorHome /> },
    post: { title: 'post.title', screen: () => <PostScreen /> },
    report: { title: 'report.title', screen: (month) => <ReportScreen month={month} /> },
    windows: { title: 'windows.title', screen: () => <Windows /> },
    window: { title: 'window.title', screen: (id) => <WindowScreen id={id} key={id} /> },
    surplus: { title: 'food.title', screen: (id) => <SurplusScreen id={id} key={id} /> },
    settings: SETTINGS,
  },
  operator: {
    '': { title: 'lots.title', screen: () => <Lots /> },
    surplus: { title: 'lots.title', screen: (id) => <LotScreen id={id} key={id} /> },
    today: { title: 'today.title', screen: () => <Today /> },
    map: { title: 'map.open', screen: () => <LotMap /> },
    audit: { title: 'audit.title', screen: (subject) => <Audit subject={subject} key={subject} /> },
    partners: { title: 'partners.title', screen: () => <Partners /> },
    invite: { title: 'invite.title', screen: () => <Invite /> },
    letters: { title: 'letters.title', screen: () => <Letters /> },
    settings: SETTINGS,
  },
};

function placeNow(): Place | null {
  const { screen } = route.value;
  if (member.value === undefined) return null;
  if (member.value === null || screen === 'enter')
    return { title: 'enter.title', screen: (token) => <Enter token={screen === 'enter' ? token : ''} /> };
  const places = PLACES[member.value.role];
  return places[screen] ?? places[''] ?? null;
}

export function App() {
  const place = placeNow();
  const heading = useRef<HTMLHeadingElement>(null);
  const { screen, argument } = route.value;
  const isFirst = useRef(true);
  const title = place === null ? t('app.name') : t(place.title);
  useEffect(() => void (document.title = `${title} · ${t('app.name')}`), [title]);
  useEffect(() => {
    // Whoever can't see the page hears where they are; the first load is announced by the browser.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
    scrollTo(0, 0);
  }, [screen, argument]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), heading.current?.focus())}>
        {t('app.skip')}
      </a>
      <header>
        <img src="/icon.svg" alt="" width="32" height="32" />
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
      </header>
      <Banners />
      <main id="main">{place === null ? <p>{t('app.loading')}</p> : place.screen(argument)}</main>
      {member.value != null && screen !== 'enter' && <Menu role={member.value.role} />}
    </>
  );
}
