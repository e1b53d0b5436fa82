customElements.define('foldline-gate', class extends HTMLElement {
  connectedCallback() {
    const { kind, reason, rest = '.rest' } = this.dataset;
    this.rest = document.querySelector(rest);
    this.onsubmit = (event) => {
      if (event.submitter?.matches('[data-plain]')) return;
      event.preventDefault();
      this.ask();
    };
    addEventListener('pagehide', () => this.leave());
    addEventListener('pageshow', (event) => event.persisted && this.ask(0, 1));
    if (kind != 'ask') return this.tell(kind, reason);
    this.innerHTML = '<div class="room"></div>';
    const { type } = performance.getEntriesByType('navigation')[0];
    const ask = () => this.ask(1, type == 'back_forward');
    if (document.prerendering) document.onprerenderingchange = ask;
    else ask();
  }

  // Kept for Back: no gated text, only its room.
  leave() {
    this.turn?.abort();
    delete this.turn;
    this.rest.style.minHeight = this.rest.offsetHeight + 'px';
    this.rest.textContent = '';
  }

  async ask(first, again) {
    this.turn?.abort();
    const { article, read } = this.dataset;
    const turn = this.turn = new AbortController();
    const slow = setTimeout(() => this.show('checking'), 300);
    const end = setTimeout(() => turn.abort(), 10000);
    const [, gift] = /\bgift=([^&]*)/.exec(location.search + '&gift=');
    let text = '';
    try {
      const body = new URLSearchParams({ article, gift, again: again ? 1 : '', answer: 'fragment' });
      const response = await fetch(read, { method: 'POST', body, signal: turn.signal });
      if (response.ok) text = await response.text();
    } catch {}
    clearTimeout(slow);
    clearTimeout(end);
    if (turn != this.turn) return;
    const page = new DOMParser().parseFromString(text, 'text/html');
    const answer = page.querySelector('.answer');
    const below = first && page.getElementById(location.hash.slice(1));
    const { outcome = 'unreachable', reason } = answer?.dataset ?? {};
    this.show(outcome, reason, answer?.innerHTML, page.querySelector('.answer-rest'));
    if (below) setTimeout(() => location.replace(location.hash), 50);
  }

  // Each state is a new element: nothing shifts.
  show(state, reason, said = this.dataset[state], whole) {
    const { rest } = this;
    const room = rest.offsetHeight + (this.firstElementChild?.offsetHeight ?? 0);
    const focused = this.contains(document.activeElement);
    this.innerHTML = `<div class="room" data-state="${state}">${said}</div>`;
    const next = this.firstChild;
    if (state != 'checking') rest.style.minHeight = '';
    if (whole) {
      rest.replaceChildren(...whole.childNodes);
      next.style.minHeight = Math.max(0, room - rest.offsetHeight) + 'px';
    }
    if (focused) {
      const to = whole ? rest : next;
      to.tabIndex = -1;
      to.focus({ preventScroll: true });
    }
    this.tell(state, reason);
  }

  tell(state, reason) {
    const detail = { state, reason, article: this.dataset.article };
    document.dispatchEvent(new CustomEvent('foldline:state', { detail }));
  }
});
