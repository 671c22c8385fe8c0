// A contact sheet gives way to its clip, which plays from the moment on.
const answers = [...document.querySelectorAll('li')];

function play(shot) {
  const video = document.createElement('video');
  const start = Number(shot.dataset.start) / 1000;
  video.controls = true;
  video.playsInline = true;
  video.setAttribute('aria-label', shot.getAttribute('aria-label'));
  video.addEventListener('loadedmetadata', () => { video.currentTime = start; }, {once: true});
  video.addEventListener('error', () => {
    const fault = document.createElement('p');
    fault.className = 'fault';
    fault.setAttribute('role', 'alert');
    fault.textContent = `The browser cannot play '${shot.dataset.name}': the clip is not at its place, or in a format that the browser does not know.`;
    video.replaceWith(shot, fault);
    shot.focus();
  }, {once: true});
  for (const other of document.querySelectorAll('video')) other.pause();
  shot.closest('li').querySelector('.fault')?.remove();
  video.src = shot.dataset.source;
  shot.replaceWith(video);
  video.focus();
  video.play().catch(() => {});  // the browser may want a second press
}

for (const shot of document.querySelectorAll('button.shot')) shot.addEventListener('click', () => play(shot));

// j and k go from answer to answer.
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || (event.key !== 'j' && event.key !== 'k')) return;
  const at = answers.findIndex((answer) => answer.contains(document.activeElement));
  const to = answers[at < 0 ? 0 : Math.min(Math.max(at + (event.key === 'j' ? 1 : -1), 0), answers.length - 1)];
  const target = to?.querySelector('.shot, video');
  if (!target) return;
  target.focus();
  to.scrollIntoView({block: 'nearest'});
});
