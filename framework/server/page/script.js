// The search page: asks /v1/search, shows answers, plays them at their moment.
const box = document.querySelector('#text');
const file = document.querySelector('#file');
const index = document.querySelector('#index');
const said = document.querySelector('#said');
const list = document.querySelector('#answers');
let asked = 0;

function say(text, fault = false) {
  said.textContent = text;
  said.classList.toggle('fault', fault);
  said.setAttribute('role', fault ? 'alert' : 'status');
}

function clock(ms) {
  const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, '0');
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function play(shot, answer) {
  const video = element('video');
  video.controls = true;
  video.playsInline = true;
  video.setAttribute('aria-label', shot.getAttribute('aria-label'));
  video.addEventListener('loadedmetadata', () => { video.currentTime = (answer.start_ms ?? 0) / 1000; }, {once: true});
  video.addEventListener('error', () => {
    const fault = element('p', 'fault', `The browser cannot play '${answer.path}': it does not know the clip's format.`);
    fault.setAttribute('role', 'alert');
    video.replaceWith(shot, fault);
    shot.focus();
  }, {once: true});
  for (const other of document.querySelectorAll('video')) other.pause();
  shot.closest('li').querySelector('.fault')?.remove();
  video.src = answer.media.split('/').map(encodeURIComponent).join('/');
  shot.replaceWith(video);
  video.focus();
  video.play().catch(() => {});  // the browser may want a second press
}

function shown(answer, best) {
  const item = element('li');
  const title = element('div', 'title');
  title.append(element('span', 'rank', answer.rank), element('h2', '', answer.path ?? answer.text ?? `item ${answer.item}`));
  if (answer.start_ms !== undefined) title.append(element('span', 'time', `${clock(answer.start_ms)}–${clock(answer.end_ms)}`));
  const score = element('span', 'score', answer.score.toFixed(3));
  const bar = element('i'), share = element('b');
  bar.setAttribute('aria-hidden', 'true');
  share.style.width = `${best > 0 ? Math.max(0, Math.min(1, answer.score / best)) * 100 : 0}%`;
  bar.append(share);
  score.append(bar);
  title.append(score);
  if (answer.media && /\.(mp4|m4v|webm|mkv|mov|ogv|avi|jpe?g|png|webp|gif)$/i.test(answer.media)) {
    const similar = element('button', 'similar', 'Find similar');
    similar.type = 'button';
    similar.addEventListener('click', () => ask(like(answer), `what is like ${answer.path}`));
    title.append(similar);
  }
  item.append(title);
  if (!answer.picture) return item;
  const video = answer.start_ms !== undefined || /\.(mp4|m4v|webm|mkv|mov|ogv|avi)$/i.test(answer.media);
  const shot = element(video ? 'button' : 'a', 'shot');
  const picture = element('img');
  picture.src = answer.picture;
  picture.alt = video ? `frames of ${answer.path}` : answer.path;
  shot.append(picture);
  if (video) {
    const from = answer.start_ms === undefined ? '' : ` from ${clock(answer.start_ms)}`;
    shot.type = 'button';
    shot.setAttribute('aria-label', `Play ${answer.path}${from}`);
    shot.append(element('span', '', `Play${from}`));
    shot.addEventListener('click', () => play(shot, answer));
  } else {
    shot.href = answer.media.split('/').map(encodeURIComponent).join('/');
  }
  item.append(shot);
  return item;
}

function like(answer) {
  const query = {index: index.value};
  const video = answer.start_ms !== undefined || /\.(mp4|m4v|webm|mkv|mov|ogv|avi)$/i.test(answer.media);
  query[video ? 'video' : 'image'] = answer.path;
  if (answer.start_ms !== undefined) Object.assign(query, {start: answer.start_ms / 1000, end: answer.end_ms / 1000});
  return {headers: {'Content-Type': 'application/json'}, body: JSON.stringify(query)};
}

async function ask(request, words) {
  const number = ++asked;
  say(`Searching for ${words} …`);
  try {
    const response = await fetch('/v1/search', {method: 'POST', ...request});
    const body = await response.json();
    if (number !== asked) return;
    if (!response.ok) throw new Error(body.error.message);
    list.replaceChildren(...body.data.map((answer) => shown(answer, body.data[0].score)));
    say(body.data.length === 0 ? `Nothing was found for ${words}.` : `${body.data.length} answers for ${words}`);
  } catch (fault) {
    if (number !== asked) return;
    list.replaceChildren();
    const text = fault instanceof TypeError ? 'The server does not answer' : fault.message;
    say(`${text[0].toUpperCase()}${text.slice(1).replace(/\.?$/, '.')}`, true);
  }
}

document.querySelector('#ask').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = box.value.trim();
  if (file.files.length > 0) {
    const form = new FormData();
    form.append('index', index.value);
    form.append(file.files[0].type.startsWith('video/') ? 'video' : 'image', file.files[0]);
    return ask({body: form}, `what is like ${file.files[0].name}`);
  }
  if (text === '') return say('Type what you are looking for, or choose a picture.', true);
  ask({headers: {'Content-Type': 'application/json'}, body: JSON.stringify({index: index.value, text})}, `“${text}”`);
});
box.addEventListener('input', () => { file.value = ''; });

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches('input, select')) return;
  if (event.key === '/') {
    event.preventDefault();
    return box.focus();
  }
  if (event.key !== 'j' && event.key !== 'k') return;
  const answers = [...list.children];
  const at = answers.findIndex((answer) => answer.contains(document.activeElement));
  const to = answers[at < 0 ? 0 : Math.min(Math.max(at + (event.key === 'j' ? 1 : -1), 0), answers.length - 1)];
  to?.querySelector('.shot, video')?.focus();
  to?.scrollIntoView({block: 'nearest'});
});

fetch('/v1/indexes').then((response) => response.json()).then((body) => {
  for (const one of body.data) index.append(new Option(`${one.id} (${one.rows} rows)`, one.id));
  if (body.data.length === 0) say('The server has no index: start it with --index DIR.', true);
  if (body.data.length <= 1) index.closest('label').hidden = true;
}).catch(() => say('The server does not answer.', true));
