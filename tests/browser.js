// What tests/browser.py asks a page: of JupyterLab, or of one that nbconvert has made.
//
// A fault is told in words. Contrast is that of WCAG: 4.5 is asked for text, on the first thing
// behind it that is not transparent.
const gcscope = (() => {
  const LEAST_CONTRAST = 4.5;
  const OUTPUT = '.jp-OutputArea-output';
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const isSeen = element => element.getClientRects().length > 0;

  const FORMS = {
    png: '.jp-RenderedImage img',
    svg: '.jp-RenderedSVG',
    mermaid: '.jp-RenderedMermaid',
    slider: `${OUTPUT} .widget-slider`,
    drawn: `${OUTPUT} svg, ${OUTPUT} img`,
  };
  const count = form => all(FORMS[form]).filter(isSeen).length;

  // ------------------------------------------------------------------------ JupyterLab
  const app = () => window.jupyterapp;
  const panel = () => app().shell.currentWidget;
  const isReady = () =>
    Boolean(app() && panel()?.context?.isReady && panel().sessionContext?.isReady);
  const setTheme = theme => app().commands.execute('apputils:change-theme', { theme });

  // Returns at once: haveRun() tells.
  const runAll = () => {
    window.ended = false;
    app().commands.execute('notebook:run-all-cells').then(() => { window.ended = true; });
  };
  const haveRun = () => window.ended === true
    && all('.jp-CodeCell .jp-InputArea-prompt').every(prompt => !/\*/.test(prompt.textContent));

  const save = () => app().commands.execute('docmanager:save');
  const saveNothing = () => {
    const context = panel()?.context;
    if (context) context.model.dirty = false;
    return panel()?.sessionContext?.shutdown();
  };

  // From the top on, where the cell that was run last is not the one to be seen.
  const toTheTop = () => {
    panel().content.activeCellIndex = 0;
    document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0;
  };
  const heightOfAll = () => {
    const scrolled = document.querySelector('.jp-WindowedPanel-outer');
    const above = scrolled.getBoundingClientRect().top;
    return Math.ceil(above + scrolled.scrollHeight + 40);
  };

  let before = '';
  const isSettled = () => {
    const isLoaded = all('img').every(image => image.complete);
    const isDrawn = all('.jp-RenderedMermaid').every(
      output => output.querySelector('img, svg, .jp-RenderedMermaid-Details, pre'));
    const now = `${document.body.innerHTML.length} ${document.body.scrollHeight}`;
    const isSame = now === before;
    before = now;
    return isSame && isLoaded && isDrawn;
  };

  // -------------------------------------------------------------------------- contrast
  const numbersOf = colour => {
    const [red, green, blue, alpha = 1] = (colour.match(/[\d.]+/g) || []).map(Number);
    return { parts: [red, green, blue], alpha: colour === 'transparent' ? 0 : alpha };
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const found = numbersOf(getComputedStyle(at).backgroundColor);
      if (found.alpha > 0.5) return found.parts;
    }
    return [255, 255, 255];
  };
  // Elements of HTML with text of their own, in outputs; the colours of tracebacks are IPython's.
  const TRACEBACK = '[data-mime-type="application/vnd.jupyter.stderr"] span';
  const texts = () => all(`${OUTPUT} *`).filter(element =>
    element instanceof HTMLElement && isSeen(element) && !element.closest(TRACEBACK)
    && [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const textsSeen = () => texts().length;
  const faintTexts = () => texts()
    .map(element => [contrast(numbersOf(getComputedStyle(element).color).parts, behind(element)),
                     element.textContent.trim().slice(0, 40)])
    .filter(([found]) => found < LEAST_CONTRAST)
    .map(([found, text]) => `contrast ${found.toFixed(1)} of the text ${JSON.stringify(text)}`);

  // -------------------------------------------------------------------------- pictures
  const name = image => `picture ${image.alt || image.src.slice(0, 22)}`;
  const ofMermaid = image => Boolean(image.closest('.jp-RenderedMermaid'));
  // The corners of a picture are its card; one that ends too early has none below. Mermaid's has no
  // card, and its boxes have cards of their own.
  const corners = image => {
    const canvas = document.createElement('canvas');
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [[3, 3], [width - 4, height - 4]].map(
      ([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
  };
  const faultsOfImage = image => {
    if (!image.naturalWidth) return [`${name(image)} is broken`];
    if (ofMermaid(image)) return [];
    return corners(image)
      .filter(([red, green, blue, alpha]) => alpha < 250 || Math.min(red, green, blue) < 245)
      .map(colour => `${name(image)} is not on a white card: ${colour}`);
  };
  const faultyImages = () => all(`${OUTPUT} img`).filter(isSeen).flatMap(faultsOfImage);
  const flatSvgs = () => all(`${OUTPUT} svg`).filter(isSeen)
    .filter(svg => Math.min(svg.clientWidth, svg.clientHeight) < 5 && !svg.closest('button'))
    .map(() => 'a drawing has no size');
  const mermaidErrors = () => all('.jp-RenderedMermaid').filter(output =>
    /syntax error|mermaid version/i.test(output.textContent)).map(() => 'Mermaid cannot read it');

  // ---------------------------------------------------------------------------- places
  const tooWide = () => all(OUTPUT).filter(isSeen)
    .filter(output => output.scrollWidth > output.clientWidth + 1)
    .map(output => `an output is ${output.scrollWidth - output.clientWidth} pixels too wide: `
      + JSON.stringify((output.textContent || '').trim().slice(0, 40)));

  const faults = () => [...new Set([
    ...faintTexts(), ...faultyImages(), ...flatSvgs(), ...mermaidErrors(), ...tooWide()])];

  // ---------------------------------------------------------------------------- films
  const stepsOf = number => {
    const handle = all(`${OUTPUT} .widget-slider`)[number].querySelector('.noUi-handle');
    return Number(handle.getAttribute('aria-valuemax'));
  };

  return { count, isReady, setTheme, runAll, haveRun, save, saveNothing, toTheTop,
           heightOfAll, isSettled, textsSeen, faults, stepsOf };
})();
window.gcscope = gcscope;
