// How old something is at the moment of reading: the page may have lain in a cache for days.
const units = [['year', 31557600], ['month', 2629800], ['day', 86400], ['hour', 3600], ['minute', 60]];
const words = (numeric) => new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric });
const [counted, now] = [words('always'), words('auto')];

const tell = () => {
  for (const time of document.querySelectorAll('time[data-age]')) {
    const at = time.dateTime;
    const day = !at.includes('T');
    const seconds = (Date.now() - Date.parse(day ? `${at}T00:00` : at)) / 1000;
    time.title ||= time.textContent;
    if (!(seconds >= 0)) {
      time.textContent = time.title;
      continue;
    }
    const known = day ? units.slice(0, 3) : units;
    const [unit, size] = known.find(([, size]) => seconds >= size) ?? known.at(-1);
    const count = Math.floor(seconds / size);
    time.textContent = (count ? counted : now).format(-count, unit);
  }
};
tell();
addEventListener('pageshow', tell);
setInterval(tell, 60000);
