// The reader's name and account, which stand in no page.
customElements.define('foldline-me', class extends HTMLElement {
  connectedCallback() {
    this.stranger = [...this.children];
    const ask = async () => {
      let me = {};
      try {
        me = await (await fetch(this.dataset.src)).json();
      } catch {}
      const links = me.links?.map((link) => Object.assign(document.createElement('a'), link));
      const name = document.createElement('span');
      name.textContent = me.name;
      this.replaceChildren(...(me.signed_in ? [name, ...links] : this.stranger));
      for (const button of document.querySelectorAll('[data-demo]')) {
        button.ariaPressed = button.dataset.demo == me.kind;
      }
    };
    ask();
    addEventListener('pageshow', (event) => event.persisted && ask());
  }
});
