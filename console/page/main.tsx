import { QueryClientProvider } from '@tanstack/preact-query';
import { render } from 'preact';
import { App } from './app.tsx';
import { AnnouncementProvider } from './announce.tsx';
import { PreferencesProvider } from './preferences.tsx';
import { queryClient } from './query-client.ts';

const place = document.getElementById('page');
if (place) {
  render(
    <QueryClientProvider client={queryClient}>
      <PreferencesProvider>
        <AnnouncementProvider>
          <App />
        </AnnouncementProvider>
      </PreferencesProvider>
    </QueryClientProvider>,
    place,
  );
}
