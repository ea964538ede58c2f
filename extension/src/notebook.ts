import { WidgetRenderer, type IRenderers } from './widget';

/** What our widgets write beside the usual view, so that JupyterLab asks this renderer first. */
const MIME_TYPE = 'application/vnd.llmops-lab.widget+json';

/** Before the widget manager, which has -10. */
const RANK = -20;

/** What is used here of JupyterLab. */
interface ILab {
  docRegistry: {
    addWidgetExtension(factory: string, extension: { createNew(panel: INotebook): void }): void;
  };
}

interface INotebook {
  content: { rendermime: IRenderers };
}

const widgets = {
  id: 'llmops-lab:widgets',
  description: 'Shows the picture of a widget in a notebook that was saved and opened again.',
  autoStart: true,
  activate: (lab: ILab): void => {
    lab.docRegistry.addWidgetExtension('Notebook', {
      createNew: ({ content: { rendermime } }) =>
        rendermime.addFactory(
          {
            // The picture of a notebook that is not trusted is shown by the renderer of HTML.
            safe: false,
            mimeTypes: [MIME_TYPE],
            createRenderer: () => new WidgetRenderer(rendermime)
          },
          RANK
        )
    });
  }
};

export default widgets;
