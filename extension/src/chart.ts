import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import type { View } from 'vega';

import { onThemeChange } from './theme';
import { createView, type ChartSpec } from './view';

/** One chart in a notebook's output; drawn again when the theme changes. */
export class ChartRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(mimeType: string) {
    super();
    this._mimeType = mimeType;
    this.addClass('llmops-Chart');
    this._stopWatching = onThemeChange(() => void this._draw());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._spec = model.data[this._mimeType] as unknown as ChartSpec;
    await this._draw();
  }

  override dispose(): void {
    this._stopWatching();
    this._view?.finalize();
    this._view = null;
    super.dispose();
  }

  protected override onResize(): void {
    if (this._view && this._spec?.width === 'container' && this.node.clientWidth > 0) {
      void this._view.width(this.node.clientWidth).runAsync();
    }
  }

  private async _draw(): Promise<void> {
    if (!this._spec || this.isDisposed) {
      return;
    }
    const turn = ++this._turn;
    const canvas = document.createElement('div');
    const notes: string[] = [];
    try {
      const view = createView(this._spec, this._mimeType, canvas, note => notes.push(note));
      await view.runAsync();
      if (turn !== this._turn || this.isDisposed) {
        view.finalize();
        return;
      }
      this._view?.finalize();
      this._view = view;
    } catch (error) {
      notes.push(`This chart cannot be drawn: ${error instanceof Error ? error.message : error}`);
    }
    if (turn === this._turn) {
      this.node.replaceChildren(canvas, ...notes.map(noteElement));
      this.onResize();
    }
  }

  private readonly _mimeType: string;
  private readonly _stopWatching: () => void;
  private _spec: ChartSpec | null = null;
  private _turn = 0;
  private _view: View | null = null;
}

function noteElement(text: string): HTMLElement {
  const note = document.createElement('div');
  note.className = 'llmops-Chart-note';
  note.setAttribute('role', 'note');
  note.textContent = text;
  return note;
}
