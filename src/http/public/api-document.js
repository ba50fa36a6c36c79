/** Where the page says that its document is. */
export const documentUrl = document.querySelector('link[rel="service-desc"]').href;

/** Behind a proxy that puts a prefix before every path, requests from the page go through it too. */
export async function fetchDocument() {
  const response = await fetch(documentUrl);
  if (!response.ok) throw new Error(`${documentUrl} answered ${response.status}.`);
  const api = await response.json();
  const base = new URL('.', documentUrl);
  return base.pathname === '/' ? api : { ...api, servers: [{ url: base.href.replace(/\/$/, '') }] };
}
