import { documentUrl, fetchDocument } from './api-document.js';

const ui = SwaggerUIBundle({
  spec: await fetchDocument(),
  dom_id: '#docs',
  deepLinking: true,
  layout: 'BaseLayout',
  showCommonExtensions: true,
  // Swagger UI would else send the document to validator.swagger.io.
  validatorUrl: null,
  oauth2RedirectUrl: new URL('docs/oauth2-redirect', document.baseURI).href,
});
// Shown as a link below the title.
ui.specActions.updateUrl(documentUrl);
