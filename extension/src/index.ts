import { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { ChartRenderer } from './chart';

/** What Altair's `mimetype` renderer writes, and the same in the JSON-suffix spelling. */
const MIME_TYPES = [
  'application/vnd.vegalite.v6.json',
  'application/vnd.vegalite.v6+json',
  'application/vnd.vega.v6.json',
  'application/vnd.vega.v6+json'
];

const charts: IRenderMime.IExtension = {
  id: 'llmops-lab:charts',
  description: 'Draws Vega-Lite 6 and Vega 6 charts, offline and in the theme.',
  // Nothing in a chart can run code, load an address or follow a link (see view.ts), so charts
  // of a notebook that is not trusted are drawn too.
  rendererFactory: {
    safe: true,
    mimeTypes: MIME_TYPES,
    createRenderer: options => new ChartRenderer(options.mimeType)
  },
  rank: 0,
  dataType: 'json'
};

export default charts;
