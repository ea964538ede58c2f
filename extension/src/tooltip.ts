import type { TooltipHandler } from 'vega';

const GAP_PX = 12;

let tooltip: HTMLElement | null = null;

/** Shows what a mark says beside the pointer, as text: a value, or one line per field. */
export const showTooltip: TooltipHandler = (_handler, event, _item, value) => {
  tooltip?.remove();
  tooltip = null;
  if (value === null || value === undefined || value === '') {
    return;
  }
  tooltip = document.createElement('div');
  tooltip.className = 'llmops-Chart-tooltip';
  tooltip.setAttribute('role', 'tooltip');
  tooltip.append(...(isFields(value) ? fieldLines(value) : [String(value)]));
  document.body.append(tooltip);
  place(tooltip, event);
};

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldLines(fields: Record<string, unknown>): HTMLElement[] {
  return Object.entries(fields).map(([name, value]) => {
    const line = document.createElement('div');
    const label = document.createElement('span');
    label.textContent = name;
    const text = document.createElement('span');
    text.textContent = typeof value === 'string' ? value : JSON.stringify(value);
    line.append(label, text);
    return line;
  });
}

function place(element: HTMLElement, event: MouseEvent): void {
  const box = element.getBoundingClientRect();
  const right = event.clientX + GAP_PX + box.width > window.innerWidth;
  const below = event.clientY + GAP_PX + box.height > window.innerHeight;
  element.style.left = `${event.clientX + (right ? -GAP_PX - box.width : GAP_PX)}px`;
  element.style.top = `${event.clientY + (below ? -GAP_PX - box.height : GAP_PX)}px`;
}
