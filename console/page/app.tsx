import { useEffect, useRef } from 'preact/hooks';
import { Route, Switch, useLocation } from 'wouter-preact';
import { Failed } from './failed.tsx';
import { late } from './late.tsx';
import { Login, loginPath } from './login.tsx';
import { Navigation } from './navigation.tsx';
import { Offline, SessionEnded } from './notices.tsx';
import { NotHere } from './pages/not-here.tsx';
import { ChangePage } from './pages/change/change-page.tsx';
import { Changes } from './pages/changes.tsx';
import { Home } from './pages/home.tsx';
import { useWords } from './preferences.tsx';
import { useSession } from './session.ts';
import { Waiting } from './waiting.tsx';

const NewChange = late(async () => (await import('./pages/new-change/new-change.tsx')).NewChange);
const Freezes = late(async () => (await import('./pages/freezes/freezes.tsx')).Freezes);
const Audit = late(async () => (await import('./pages/audit/audit.tsx')).Audit);
const AuditOfChange = late(async () => (await import('./pages/audit/audit-of-change.tsx')).AuditOfChange);
const Figures = late(async () => (await import('./pages/figures/figures.tsx')).Figures);
const Policies = late(async () => (await import('./pages/policies.tsx')).Policies);
const Me = late(async () => (await import('./pages/me.tsx')).Me);

/** The console: whoever is not logged in is asked to, and comes to the page that they wanted. */
export function App() {
  const session = useSession();
  // A session that ends leaves the page as it is: somebody may be writing.
  const hadSession = useRef(false);
  if (session.data) hadSession.current = true;
  if (session.isPending) return <Waiting />;
  if (session.data === undefined) {
    return (
      <main id="main">
        <Failed error={session.error} retry={() => void session.refetch()} />
      </main>
    );
  }
  if (location.pathname === loginPath || (session.data === null && !hadSession.current)) return <Login />;
  return (
    <>
      <SkipLink />
      <Navigation name={session.data?.person.name ?? null} />
      <Offline />
      {session.data === null && <SessionEnded />}
      <Pages />
    </>
  );
}

function SkipLink() {
  const words = useWords();
  return (
    <a class="skip" href="#main">
      {words.states.skip}
    </a>
  );
}

/** The pages, each by its path. On another path the focus goes to what is new. */
function Pages() {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    main.current?.focus();
    scrollTo(0, 0);
  }, [path]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      <Switch>
        <Route path="/" component={Home} />
        <Route path="/changes" component={Changes} />
        <Route path="/changes/new" component={NewChange} />
        <Route path="/changes/:id">{({ id }) => <ChangePage key={id} id={id} />}</Route>
        <Route path="/freezes" component={Freezes} />
        <Route path="/audit" component={Audit} />
        <Route path="/audit/changes/:id" component={AuditOfChange} />
        <Route path="/figures" component={Figures} />
        <Route path="/policies" component={Policies} />
        <Route path="/me" component={Me} />
        <Route component={NotHere} />
      </Switch>
    </main>
  );
}
