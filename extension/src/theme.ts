import type { Config } from 'vega-lite';

/** Call `changed` after each change of the JupyterLab theme; returns what ends it. */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, {
    attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light']
  });
  return () => observer.disconnect();
}

/** Colours and fonts of the present theme; what a chart sets itself wins over these. */
export function chartConfig(): Config {
  const style = getComputedStyle(document.body);
  const read = (name: string, otherwise: string): string =>
    style.getPropertyValue(name).trim() || otherwise;
  const strong = read('--jp-ui-font-color1', '#212121');
  const soft = read('--jp-ui-font-color2', '#616161');
  const line = read('--jp-border-color1', '#bdbdbd');
  const grid = read('--jp-border-color2', '#e0e0e0');
  const titles = { labelColor: soft, titleColor: strong };
  return {
    background: 'transparent',
    font: read('--jp-ui-font-family', 'system-ui, sans-serif'),
    axis: { ...titles, domainColor: line, tickColor: line, gridColor: grid },
    header: titles,
    legend: titles,
    rule: { color: soft },
    text: { color: strong },
    title: { color: strong, subtitleColor: soft },
    view: { stroke: grid }
  };
}
