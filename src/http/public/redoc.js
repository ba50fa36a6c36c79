import { fetchDocument } from './api-document.js';

const SYSTEM_FONT = 'system-ui, sans-serif';
const options = {
  // Search would need a worker made of a blob, for which the content security policy had to be opened.
  disableSearch: true,
  hideDownloadButton: true,
  theme: {
    typography: {
      fontFamily: SYSTEM_FONT,
      headings: { fontFamily: SYSTEM_FONT },
      code: { fontFamily: 'ui-monospace, monospace' },
    },
  },
};
Redoc.init(await fetchDocument(), options, document.querySelector('#docs'));
