// The view Health: findings of the hub on daemons, microphones and logs; versions.

import { byId, element, get, show } from './common.js';

const MARKS = { ok: 'ok', warning: 'warning', failed: 'FAILED' };

function tableOf(title, findings) {
  const rows = findings.map((each) => element(
    'tr',
    {},
    element('th', { scope: 'row' }, each.check),
    element('td', {}, element('strong', { class: `mark ${each.state}` }, MARKS[each.state] ?? each.state)),
    element('td', {}, each.message, ...(each.remedy ? [element('br'), `→ ${each.remedy}`] : [])),
  ));
  return element('section', {}, element('h2', {}, title), element('table', { class: 'findings' }, element('tbody', {}, ...rows)));
}

async function check() {
  try {
    const [health, microphones] = await Promise.all([get('health'), get('microphones')]);
    const names = Object.fromEntries(microphones.map((each) => [each.id, each.hello?.source]));
    byId('findings').replaceChildren(
      ...health.microphones.map((each) => tableOf(`Microphone ${names[each.id] ?? each.id}`, each.findings)),
      tableOf('Log', health.logs),
    );
    byId('versions').replaceChildren(...Object.entries(health.versions).flatMap(
      ([name, version]) => [element('dt', {}, name), element('dd', {}, version)],
    ));
    show(byId('trouble'), '');
  } catch (error) {
    show(byId('trouble'), error.message);
  }
}

byId('again').addEventListener('click', check);
await check();
