// A browser's own dialogue about passkeys, between a question of ours and a form. Without it the forms stay unseen.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const question = ({ challenge, user, excludeCredentials, allowCredentials, ...rest }) => ({
  ...rest,
  challenge: bytes(challenge),
  ...(user && { user: { ...user, id: bytes(user.id) } }),
  ...(excludeCredentials && { excludeCredentials: excludeCredentials.map((one) => ({ ...one, id: bytes(one.id) })) }),
  ...(allowCredentials && { allowCredentials: allowCredentials.map((one) => ({ ...one, id: bytes(one.id) })) }),
});

const answer = ({ id, rawId, type, response }) => {
  const told = {};
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[name]) told[name] = text(response[name]);
  }
  return JSON.stringify({ id, rawId: text(rawId), type, response: told });
};

for (const form of document.querySelectorAll('[data-passkey]')) {
  if (!window.PublicKeyCredential) {
    form.hidden = true;
    form.parentElement.querySelector('[data-no-passkeys]')?.removeAttribute('hidden');
    continue;
  }
  form.classList.add('ready');
  const say = (what) => {
    for (const said of form.querySelectorAll('[data-said]')) said.hidden = said.dataset.said != what;
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    say('');
    const token = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    try {
      const asked = await fetch(form.dataset.ask, { method: 'POST', body: token });
      const { publicKey } = await asked.json();
      const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: question(publicKey) });
      form.elements.credential.value = answer(credential);
      form.submit();
    } catch (error) {
      say(error.name == 'InvalidStateError' ? 'known' : 'stopped');
    }
  });
}
