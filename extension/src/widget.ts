import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Panel, Widget } from '@lumino/widgets';

const VIEW = 'application/vnd.jupyter.widget-view+json';
const HTML = 'text/html';

/** How often is looked whether the notebook's widget manager has come. */
const LOOK_MS = 250;

/** How long a widget may take to come before its picture stands in for it. */
const PATIENCE_MS = 1000;

type Renderer = Widget & IRenderMime.IRenderer;

/** What is used here of a notebook's registry of renderers. */
export interface IRenderers {
  addFactory(factory: IRenderMime.IRendererFactory, rank: number): void;
  createRenderer(mimeType: string): Renderer;
  getFactory(mimeType: string): unknown;
}

/**
 * A widget where it can be shown, else its picture as HTML.
 *
 * A notebook keeps that there was a widget, but not what it showed: when it is opened again,
 * JupyterLab itself says only "model not found".
 */
export class WidgetRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(renderers: IRenderers) {
    super();
    this.addClass('llmops-Widget');
    this._renderers = renderers;
    this._watch = new MutationObserver(() => this._choose());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._clear();
    const picture = this._renderers.createRenderer(HTML);
    this.addWidget(picture);
    this._look = window.setInterval(() => this._show(model), LOOK_MS);
    this._patience = window.setTimeout(() => {
      this._isLate = true;
      this._choose();
    }, PATIENCE_MS);
    this._show(model);
    await picture.renderModel(model);
  }

  override dispose(): void {
    this._clear();
    super.dispose();
  }

  /** A view by the present widget manager; one comes after the outputs of a saved notebook. */
  private _show(model: IRenderMime.IMimeModel): void {
    const factory = this._renderers.getFactory(VIEW);
    if (!factory || factory === this._factory) {
      return;
    }
    this._factory = factory;
    this._watch.disconnect();
    this._live?.dispose();
    this._live = this._renderers.createRenderer(VIEW);
    this.addWidget(this._live);
    this._watch.observe(this._live.node, { attributeFilter: ['class'], childList: true });
    // Not awaited: it may wait for a kernel that nobody has chosen yet.
    void this._live.renderModel(model);
  }

  private _choose(): void {
    const isThere = (this._live?.node.childElementCount ?? 0) > 0;
    if (isThere) {
      window.clearInterval(this._look);
    }
    const wasClosed = this._live?.isHidden ?? false;
    this.toggleClass('llmops-mod-picture', this._isLate && !isThere && !wasClosed);
  }

  private _clear(): void {
    window.clearInterval(this._look);
    window.clearTimeout(this._patience);
    this._watch.disconnect();
    this._factory = null;
    this._isLate = false;
    this._live = null;
    for (const widget of [...this.widgets]) {
      widget.dispose();
    }
  }

  private readonly _renderers: IRenderers;
  private readonly _watch: MutationObserver;
  private _factory: unknown = null;
  private _isLate = false;
  private _live: Renderer | null = null;
  private _look = 0;
  private _patience = 0;
}
