// The view Live: the emotion now, the sound of the last minutes, and the last utterances.

import { Chart, loudness } from './chart.js';
import { ask, byId, chosenMicrophone, clock, element, follow, nameOf, percent, show } from './common.js';

const READINGS_SECONDS = 300;
const MOST_UTTERANCES = 20;

const microphone = await chosenMicrophone();
const chart = new Chart(byId('chart'));
let labels = [];
let readings = [];

function place(label) {
  return Math.max(0, labels.indexOf(label)) % 12;
}

function sayNow(prediction) {
  const label = prediction?.state === 'emotion' ? prediction.label : null;
  byId('word').textContent = prediction ? nameOf(prediction) : 'no speech';
  byId('confidence').textContent = label === null ? '' : percent(prediction.confidence);
  byId('emotion').className = label === null ? 'emotion' : `emotion f${place(label)}`;
  for (const [index, each] of [...byId('bars').children].entries()) {
    const share = prediction?.probabilities[labels[index]] ?? 0;
    each.querySelector('.bar').style.width = `${100 * share}%`;
    each.querySelector('.share').textContent = prediction ? percent(share) : '';
    each.classList.toggle('current', labels[index] === label);
  }
}

function sayNobody(word) {
  sayNow(null);
  byId('word').textContent = word;
}

function sayLabels(given) {
  labels = given;
  byId('bars').replaceChildren(...labels.map((label) => element(
    'li',
    {},
    element('span', { class: 'name' }, label),
    element('span', { class: 'track' }, element('span', { class: `bar c${place(label)}` })),
    element('span', { class: 'share' }),
  )));
}

function greet(hello) {
  if (hello !== null) {
    sayLabels(hello.labels);
    document.title = `${hello.source || 'Live'} - emotiond`;
  }
}

function sayNumbers() {
  const last = readings.at(-1);
  if (last === undefined) {
    show(byId('numbers'), 'no sound yet');
    return;
  }
  const words = [`level ${Math.round(loudness(last))} dBFS`, `speech ${percent(last.speech)}`];
  if (typeof last.floor === 'number') {
    words.push(`noise floor ${Math.round(last.floor)} dBFS`);
  }
  if (typeof last.threshold === 'number') {
    words.push(`opens at ${Math.round(last.threshold)} dBFS`);
  }
  show(byId('numbers'), words.join(', '));
}

function meter(reading) {
  if (readings.length && reading.seconds < readings.at(-1).seconds) {
    readings = [];
  }
  readings.push(reading);
  readings = readings.filter((each) => reading.seconds - each.seconds <= READINGS_SECONDS);
  chart.show(readings);
  sayNumbers();
}

function rowOf(id) {
  return [...byId('utterances').children].find((each) => each.dataset.id === id);
}

function addUtterance(utterance) {
  byId('none').hidden = true;
  const name = nameOf(utterance);
  const swatch = utterance.label === null ? 'uncertain' : `c${place(utterance.label)}`;
  const choices = labels.map((label) => {
    const button = element('button', { type: 'button' }, label);
    button.addEventListener('click', () => correct(utterance.id, label, button));
    return button;
  });
  const row = element(
    'li',
    {},
    element('time', { datetime: utterance.time }, clock(utterance.time)),
    element('span', { class: 'what' }, element('span', { class: `swatch ${swatch}` }), `${name} ${percent(utterance.confidence)}`),
    element('span', { class: 'seconds' }, `${(utterance.end - utterance.start).toFixed(1)} s`),
    element('span', { class: 'really' }),
    element(
      'details',
      {},
      element('summary', { 'aria-label': `that was ..., of ${name} at ${clock(utterance.time)}` }, 'that was …'),
      element('div', { class: 'buttons' }, ...choices),
    ),
  );
  row.dataset.id = utterance.id;
  byId('utterances').prepend(row);
  while (byId('utterances').children.length > MOST_UTTERANCES) {
    byId('utterances').lastChild.remove();
  }
}

function sayCorrected(id, label) {
  const really = rowOf(id)?.querySelector('.really');
  if (really) {
    really.textContent = label === null ? '' : `really: ${label}`;
  }
}

async function correct(utterance, label, button) {
  const request = { request: 'correct', label, utterance };
  await act(request, (answer) => `Corrected: ${answer.label}, was ${answer.was}.`);
  const details = button.closest('details');
  details.open = false;
  details.querySelector('summary').focus();
}

async function act(request, words) {
  try {
    const answer = await ask(microphone, request);
    const problem = answer.problem ? ` ${answer.problem}.` : ` Examples: ${answer.examples}.`;
    show(byId('answer'), `${words(answer)}${problem}`);
    byId('undo').hidden = false;
  } catch (error) {
    show(byId('answer'), error.message);
  }
}

function sayCondition({ connected, problem, troubles }) {
  const words = troubles.map((each) => `${each.event.replaceAll('_', ' ')}: ${each.message}`);
  show(byId('trouble'), connected ? words.join('; ') : problem);
  if (!connected) {
    sayNobody('not connected');
  }
}

function begin(snapshot) {
  greet(snapshot.hello);
  readings = [...snapshot.meters];
  byId('utterances').replaceChildren();
  snapshot.utterances.forEach(addUtterance);
  for (const [id, label] of Object.entries(snapshot.corrections)) {
    sayCorrected(id, label);
  }
  chart.show(readings);
  sayNumbers();
  sayNow(snapshot.prediction);
  sayCondition(snapshot);
}

function take(event) {
  switch (event.type) {
    case 'snapshot':
      begin(event);
      break;
    case 'hello':
      greet(event);
      readings = [];
      sayNow(null);
      break;
    case 'voices':
      sayLabels(event.labels);
      break;
    case 'meter':
      meter(event);
      break;
    case 'prediction':
      sayNow(event.state === 'no_speech' ? null : event);
      break;
    case 'utterance':
      addUtterance(event);
      // The only words that a screen reader says by itself: one sentence an utterance.
      show(byId('said'), `${nameOf(event)}, ${percent(event.confidence)}`);
      break;
    case 'correction':
      sayCorrected(event.utterance, event.label);
      break;
    case 'condition':
      sayCondition(event);
      break;
    default: // status: the condition says what matters of it
  }
}

byId('undo').addEventListener('click', () => {
  act({ request: 'undo' }, (answer) => (
    answer.label === null ? 'Correction taken back.' : `It is ${answer.label} again.`
  ));
});

follow(microphone, take, () => {
  sayNobody('not connected');
  show(byId('trouble'), 'The hub does not answer; trying again.');
});
