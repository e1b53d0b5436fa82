// Passing a link on with one press, where the browser can. Without it the link stands there to be copied.
const row = document.querySelector('[data-give]');
const link = document.getElementById('gift-link');
const share = row.querySelector('[data-share]');
const copy = row.querySelector('[data-copy]');
link.onfocus = () => link.select();
share.hidden = !navigator.share;
copy.hidden = !navigator.clipboard;
row.hidden = share.hidden && copy.hidden;
share.onclick = () => navigator.share({ title: row.dataset.title, url: link.value }).catch(() => {});
copy.onclick = async () => {
  try {
    await navigator.clipboard.writeText(link.value);
    document.querySelector('[data-said]').textContent = copy.dataset.done;
  } catch {
    link.focus();
  }
};
