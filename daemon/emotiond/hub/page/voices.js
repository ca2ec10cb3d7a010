// The view Voices: teach through the daemon's microphone, and list and forget examples.

import { ask, byId, chosenMicrophone, clock, element, follow, get, nameOf, percent, show } from './common.js';

const microphone = await chosenMicrophone();
const prompts = await get(`prompts?language=${encodeURIComponent(navigator.language)}`);
let number = 0; // of the sentence and of the scene
let task = null; // label and speaker that are taught now
let heard = null; // the last utterance since the sentence was shown
let shown = null; // ids of the examples in the list

async function refresh() {
  try {
    const [state, listed] = await Promise.all([
      ask(microphone, { request: 'status' }),
      ask(microphone, { request: 'examples' }),
    ]);
    byId('labels').replaceChildren(...state.labels.map((label) => new Option(label, label)));
    sayEstimate(state);
    list(listed.examples);
  } catch (error) {
    show(byId('answer'), error.message);
  }
}

function sayEstimate(state) {
  let words = state.examples === 1 ? '1 example' : `${state.examples} examples`;
  if (state.examples === 0) {
    words = 'Nobody has taught this daemon yet. It knows voices in general.';
  } else if (state.right === null) {
    words += '; too few for an estimate. Teach each emotion at least twice.';
  } else {
    words += `; ${state.right} of ${state.judged} (${percent(state.right / state.judged)}) would be judged right, each by the others.`;
  }
  show(byId('estimate'), words);
}

function list(examples) {
  const ids = examples.map((each) => each.id).join();
  if (ids === shown) {
    return; // a list that changes under somebody's hands loses the focus
  }
  shown = ids;
  byId('examples').replaceChildren(...examples.map((each) => {
    const button = element('button', { type: 'button', 'aria-label': `forget ${each.label} of ${clock(each.time)}` }, 'forget');
    button.addEventListener('click', () => forget({ examples: [each.id] }, `this example of ${each.label}`));
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, each.label),
      element('td', {}, each.speaker ?? ''),
      element('td', {}, new Date(each.time).toLocaleString([], { hourCycle: 'h23' })),
      element('td', {}, each.origin),
      element('td', {}, button),
    );
  }));
  byId('all').hidden = examples.length === 0;
}

async function forget(condition, words) {
  if (!window.confirm(`Forget ${words}? This can't be taken back.`)) {
    return;
  }
  await act({ request: 'forget', ...condition }, (answer) => `Forgotten: ${answer.forgotten}.`);
}

async function act(request, words) {
  try {
    const answer = await ask(microphone, request);
    show(byId('answer'), `${words(answer)}${answer.problem ? ` ${answer.problem}` : ''}`);
  } catch (error) {
    show(byId('answer'), error.message);
  }
  await refresh();
}

function nextSentence() {
  heard = null;
  const scenes = prompts.scenes[task.label];
  byId('way').textContent = task.label;
  byId('scene').textContent = scenes ? scenes[number % scenes.length] : 'Make the sound.';
  show(byId('sentence'), scenes ? prompts.sentences[number % prompts.sentences.length] : '');
  number += 1;
  byId('heard').textContent = 'Listening.';
  byId('keep').disabled = true;
}

byId('start').addEventListener('submit', (event) => {
  event.preventDefault();
  task = { label: byId('label').value.trim(), speaker: byId('speaker').value.trim() };
  byId('task').hidden = false;
  show(byId('answer'), '');
  nextSentence();
  byId('next').focus();
});

byId('keep').addEventListener('click', async () => {
  const request = { request: 'teach', label: task.label, utterance: heard.id };
  if (task.speaker) {
    request.speaker = task.speaker;
  }
  await act(request, (answer) => `Taught: ${task.label}, heard as ${answer.was}.`);
  nextSentence();
  byId('next').focus();
});

byId('next').addEventListener('click', nextSentence);

byId('stop').addEventListener('click', () => {
  task = null;
  byId('task').hidden = true;
  byId('label').focus();
});

byId('all').addEventListener('click', () => forget({ all: true }, 'all examples'));

function take(event) {
  if (event.type === 'utterance' && task !== null) {
    heard = event;
    const seconds = (event.end - event.start).toFixed(1);
    byId('heard').textContent = `Heard ${seconds} s, as ${nameOf(event)}. Keep it only if you meant it.`;
    byId('keep').disabled = false;
  } else if (['hello', 'voices'].includes(event.type)) {
    refresh();
  }
}

follow(microphone, take, () => {});
await refresh();
