// What tests ask a page of records in a browser: what is seen, and what is wrong with it, in words.
const page = (() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const isSeen = element => element.getClientRects().length > 0;

  // Forms, growers and rows that are seen, each by its first name.
  const items = (list = 0) => [...all('[data-list]')[list].children].filter(isSeen)
    .map(item => item.querySelector('code').textContent);
  const figures = (name, list = 0) => [...all('[data-list]')[list].children]
    .map(item => Number(item.dataset[name]));
  const focused = () => {
    const at = document.activeElement;
    return `${at.tagName.toLowerCase()} ${at.id || at.textContent.trim().slice(0, 40)}`.trim();
  };
  const openAll = () => { for (const details of all('details')) details.open = true; };

  // -------------------------------------------------------------------------- contrast
  const numbersOf = colour => (colour.match(/[\d.]+/g) || []).map(Number);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const [red, green, blue, alpha = 1] = numbersOf(getComputedStyle(at).backgroundColor);
      if (alpha > 0.5) return [red, green, blue];
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255];
  };
  // Of a picture: the shape that a text stands on, in the same group, else the card of the whole.
  const below = text => {
    const shapes = all('polygon, path, ellipse, rect', text.parentElement);
    const card = text.closest('.picture')?.querySelector('polygon');
    const filled = [shapes[0], card].filter(Boolean).map(shape => getComputedStyle(shape).fill)
      .find(fill => /^rgb\(/.test(fill));
    return filled ? numbersOf(filled) : behind(text.closest('div, section'));
  };
  const words = element => [...element.childNodes].some(
    node => node.nodeType === 3 && node.data.trim());
  const texts = () => all('body *').filter(element =>
    isSeen(element) && words(element) && !element.closest('script, style, title, desc'));
  const faintTexts = () => texts().flatMap(element => {
    const isDrawn = element instanceof SVGElement;
    const look = getComputedStyle(element);
    const colour = numbersOf(isDrawn ? look.fill : look.color);
    const found = contrast(colour.slice(0, 3), isDrawn ? below(element) : behind(element));
    return found < 4.5
      ? [`contrast ${found.toFixed(1)} of ${JSON.stringify(element.textContent.slice(0, 40))}`] : [];
  });

  // ---------------------------------------------------------------------------- places
  const tooWide = () => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const widest = all('body *').filter(element =>
      element.getBoundingClientRect().right > root.clientWidth + 1
      && !element.closest('.picture, pre, .icicle'));
    return [`${root.scrollWidth - root.clientWidth} pixels too wide: `
      + widest.slice(0, 3).map(one => `${one.tagName} ${one.className}`).join(', ')];
  };
  const tooSmall = () => all('summary, a, input, select').filter(isSeen)
    .filter(element => element.getBoundingClientRect().height < 24)
    .map(element => `too small to hit: ${element.textContent.slice(0, 30)}`);

  // ---------------------------------------------------------------------------- sense
  const sameIds = () => {
    const ids = all('[id]').map(element => element.id);
    return ids.filter((id, at) => ids.indexOf(id) < at).map(id => `twice the id ${id}`);
  };
  const levels = () => {
    const found = all('h1, h2, h3, h4').map(heading => Number(heading.tagName[1]));
    const isWrong = found[0] !== 1 || found.some((level, at) => level > (found[at - 1] ?? 0) + 1);
    return isWrong ? [`headings of levels ${found}`] : [];
  };
  const unnamed = () => all('input, select, [role=group], nav, form').filter(element =>
    !element.labels?.length && !element.getAttribute('aria-label'))
    .map(element => `no name for ${element.tagName}`);
  const landmarks = () => ['header', 'main'].filter(name => all(name).length !== 1)
    .map(name => `not one ${name}`);
  const unseenFocus = () => all('a, input, select, summary').filter(isSeen).slice(0, 12)
    .filter(element => {
      element.focus({ focusVisible: true });
      return parseFloat(getComputedStyle(element).outlineWidth) < 2;
    }).map(element => `no outline of the focused ${element.tagName}`);

  const faults = () => [...new Set([...faintTexts(), ...tooWide(), ...tooSmall(), ...sameIds(),
    ...levels(), ...unnamed(), ...landmarks(), ...unseenFocus()])];
  const textsSeen = () => texts().length;
  return { items, figures, focused, openAll, faults, textsSeen };
})();
window.page = page;
