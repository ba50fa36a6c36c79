/** Whether a server wants to be sent requests. */
export type Readiness =
  | { readonly state: 'ready' }
  /** `detail` says what it waits for, or why it will not become ready. */
  | { readonly state: 'loading' | 'failed' | 'draining'; readonly detail: string };
