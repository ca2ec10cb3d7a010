// What all views share: elements, requests, the chooser of microphones, and events.

const RETRY_MS = 2000;

/** Returns an element with attributes and children; text becomes text, never markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Shows a sentence in an element, or hides the element if there is none. */
export function show(target, sentence) {
  if (target.textContent !== sentence) {
    target.textContent = sentence;
  }
  target.hidden = sentence === '';
}

export function percent(share) {
  return `${Math.round(100 * share)} %`;
}

export function clock(time) {
  return new Date(time).toLocaleTimeString([], { hourCycle: 'h23' });
}

/** Returns what an utterance is called. */
export function nameOf(record) {
  return record.label ?? record.state.replace('_', ' ');
}

/** Returns the JSON of a path of the API; throws an Error with a sentence. */
export async function get(path) {
  return answered(await fetched(path, {}));
}

/** Sends a request to a microphone's daemon and returns the answer; throws an Error with a sentence. */
export async function ask(microphone, request) {
  const response = await fetched(`microphones/${microphone}/requests`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
  });
  return answered(response);
}

async function fetched(path, options) {
  try {
    return await fetch(`/api/v1/${path}`, options);
  } catch {
    throw new Error('The hub does not answer.');
  }
}

async function answered(response) {
  const found = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Error(found.error ?? found.message ?? `The hub answers ${response.status}.`);
  }
  return found;
}

/** Adds a chooser where there are several microphones; returns the number of the chosen one. */
export async function chosenMicrophone() {
  let microphones = null;
  while (microphones === null) {
    try {
      microphones = await get('microphones');
    } catch (error) {
      show(byId('trouble') ?? byId('answer'), error.message);
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
  const wanted = new URLSearchParams(location.search).get('microphone');
  const chosen = microphones.some((each) => each.id === wanted) ? wanted : microphones[0].id;
  if (microphones.length > 1) {
    const select = element('select', { name: 'microphone' });
    for (const each of microphones) {
      const name = each.hello?.source || `microphone ${each.id}`;
      select.append(new Option(name, each.id, each.id === chosen, each.id === chosen));
    }
    select.addEventListener('change', () => {
      location.search = new URLSearchParams({ microphone: select.value });
    });
    byId('chooser').append(element('label', {}, 'microphone ', select));
    for (const link of document.querySelectorAll('nav a')) {
      link.search = new URLSearchParams({ microphone: chosen });
    }
  }
  return chosen;
}

/** Gives every event of a microphone to a function; connects again for ever. */
export function follow(microphone, take, lost) {
  let source = null;
  function connect() {
    source?.close();
    if (document.hidden) { // a browser has six connections to a hub, for all its pages
      return;
    }
    source = new EventSource(`/api/v1/microphones/${microphone}/events`);
    source.onmessage = (event) => take(JSON.parse(event.data));
    source.onerror = () => {
      lost();
      if (source.readyState === EventSource.CLOSED) { // refused: the browser does not try again
        setTimeout(connect, RETRY_MS);
      }
    };
  }
  document.addEventListener('visibilitychange', connect);
  connect();
}
