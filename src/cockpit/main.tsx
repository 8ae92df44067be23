// oxlint-disable-next-line import/no-unassigned-import -- bundled beside the script
import '@patternfly/react-core/dist/styles/base.css';
import { gettext as _, language } from 'cockpit';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchAccess } from './bus/watch-access.ts';
import { watchAgent } from './bus/watch-agent.ts';
import { watchUnit } from './bus/watch-unit.ts';
import { followStyle } from './follow-style.ts';
import { BoundImages } from './page/page.tsx';
// Last, or it would come before what it changes.
// oxlint-disable-next-line import/no-unassigned-import -- bundled beside the script
import './page.css';

followStyle();
const agent = watchAgent();
const unit = watchUnit(() => agent.current().kind === 'shown');
const parts = { agent, access: watchAccess(), unit };
document.addEventListener('DOMContentLoaded', () => {
  document.documentElement.lang = language.replace('_', '-');
  document.title = _('Bound images');
  const place = document.getElementById('page');
  if (place === null) return;
  createRoot(place).render(
    <StrictMode>
      <BoundImages {...parts} />
    </StrictMode>,
  );
});
