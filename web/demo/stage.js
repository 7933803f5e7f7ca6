// The cards of the comparisons, and the stage that they run on (comparisons.js).

import { COMPARISONS } from './comparisons.js';

const POLL_S = 0.4;
const $ = (selector, within = document) => within.querySelector(selector);

let run = 0; // the site's number for the current comparison

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Calls a route of the site, which controls the two Auth APIs. */
async function site(action, body = {}) {
  const response = await fetch(`do/${action}`, { method: 'POST', body: JSON.stringify({ ...body, run }) });
  const json = await response.json();
  if (!response.ok) throw new Error(json.problem);
  return json;
}

async function openTab(keys) {
  const frame = document.createElement('iframe');
  frame.className = 'tab';
  frame.src = 'tab.html';
  await new Promise((resolve) => {
    frame.onload = resolve;
    $('#frames').append(frame);
  });
  frame.contentWindow.tab.open(keys);
  return frame.contentWindow.tab;
}

function makeStage() {
  let tabs = [];
  const close = () =>
    $('#frames')
      .querySelectorAll('.tab')
      .forEach((frame) => frame.remove());
  return {
    close,
    wait,
    api: (action) => site(action),
    count: () => site('count'),
    async open(lifetimeS, count = 1) {
      const { run: started, keys } = await site('start', { lifetimeS });
      run = started;
      tabs = await Promise.all(Array.from({ length: count }, () => openTab(keys)));
      return tabs;
    },
    async replaceKeys() {
      const keys = await site('replace');
      for (const tab of tabs) tab.open(keys);
    },
  };
}

function showCounts(card, counts) {
  const max = Math.max(...Object.values(counts), 1);
  for (const [name, count] of Object.entries(counts)) {
    const row = $(`[data-client=${name}]`, card);
    $('dd:not(.bar)', row).textContent = count;
    $('i', row).style.width = `${(100 * count) / max}%`;
  }
}

/** Runs a comparison. Its card shows the growing counts, then the result. */
async function runComparison(card, { seconds, run: compare }) {
  const stage = makeStage();
  const outcome = $('.outcome', card);
  const started = performance.now();
  card.dataset.state = 'running';
  let counting = true;
  const count = async () => showCounts(card, await site('count'));
  const showProgress = async () => {
    for (; counting; await wait(POLL_S)) {
      const left = Math.ceil(seconds - (performance.now() - started) / 1000);
      outcome.textContent = left > 0 ? `Running, about ${left} s left.` : 'Running …';
      if (run) await count().catch(() => {}); // the comparison reports the same error
    }
  };
  run = 0;
  const progress = showProgress();
  try {
    const sentence = await compare(stage);
    counting = false;
    await progress;
    await count();
    outcome.textContent = sentence;
    card.dataset.state = 'done';
  } catch ({ message }) {
    counting = false;
    await progress;
    outcome.textContent = message;
    card.dataset.state = 'failed';
  }
  stage.close();
}

/** Shows the cards. One comparison runs at a time. */
export function showComparisons() {
  const cards = COMPARISONS.map((comparison) => {
    const card = $('#comparison').content.firstElementChild.cloneNode(true);
    card.id = comparison.id;
    $('h3', card).textContent = comparison.title;
    $('.about', card).textContent = comparison.about;
    $('.outcome', card).textContent =
      `Not run yet. It takes ${comparison.seconds > 1 ? `about ${comparison.seconds} s` : 'a moment'}.`;
    $('button', card).ariaLabel = `Run: ${comparison.title}`;
    return card;
  });
  $('#comparisons').append(...cards);
  for (const selector of ['#intro', '#comparisons']) $(selector).hidden = false;

  const buttons = document.querySelectorAll('.intro button, .comparison button');
  const runOneByOne = async (indices) => {
    for (const button of buttons) button.disabled = true;
    for (const i of indices) await runComparison(cards[i], COMPARISONS[i]);
    for (const button of buttons) button.disabled = false;
  };
  cards.forEach((card, i) => ($('button', card).onclick = () => runOneByOne([i])));
  $('#run-all').onclick = () => runOneByOne(cards.keys());
}
