import { parse, View, Warn, type Config, type Loader, type Spec } from 'vega';
import { expressionInterpreter } from 'vega-interpreter';
import { compile, type TopLevelSpec } from 'vega-lite';

import { chartConfig } from './theme';
import { showTooltip } from './tooltip';

export type ChartSpec = {
  width?: unknown;
  data?: { values?: unknown };
  datasets?: Record<string, unknown>;
};

/** Above this many rows a canvas draws faster than SVG. */
const MANY_ROWS = 3000;

const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,/;

/**
 * A view of the chart in `container`, in the colours of the present theme.
 *
 * Expressions are interpreted, never evaluated; nothing is loaded from an address; links are
 * dead; tooltips are text.
 */
export function createView(
  spec: ChartSpec,
  mimeType: string,
  container: HTMLElement,
  note: (text: string) => void
): View {
  const config = chartConfig();
  const isLite = mimeType.includes('vegalite');
  const vega = isLite
    ? compile(spec as unknown as TopLevelSpec, { config }).spec
    : (spec as unknown as Spec);
  return new View(parse(vega, isLite ? {} : (config as Config), { ast: true }), {
    container,
    expr: expressionInterpreter,
    hover: true,
    loader: closedLoader(note),
    logLevel: Warn,
    renderer: countRows(spec) > MANY_ROWS ? 'canvas' : 'svg',
    tooltip: showTooltip
  });
}

/** A loader that opens no address; pictures that lie in the chart itself are let through. */
function closedLoader(note: (text: string) => void): Loader {
  const refused = new Set<string>();
  const refuse = (address: string): Promise<never> => {
    if (!refused.has(address)) {
      refused.add(address);
      note(`This chart asks for ${address}; charts here load nothing. Put the data in the chart.`);
    }
    return Promise.reject(new Error(`not loaded: ${address}`));
  };
  return {
    options: {},
    load: refuse,
    http: refuse,
    file: refuse,
    sanitize: address =>
      PICTURE.test(address) ? Promise.resolve({ href: address }) : refuse(address)
  } as Loader;
}

function countRows(spec: ChartSpec): number {
  const tables = [spec.data?.values, ...Object.values(spec.datasets ?? {})];
  return tables.reduce<number>((sum, rows) => sum + (Array.isArray(rows) ? rows.length : 0), 0);
}
