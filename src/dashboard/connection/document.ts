/** Documents that the service knows by their ids. */

/** A document with its result and variables. */
export interface PersistedDocument<Result, Variables> {
  readonly id: string;
  /** Never there: it carries the types. */
  readonly types?: { readonly result: Result; readonly variables: Variables };
}

/** Documents that differ in the counter only: the service knows one for each. */
export interface CounterTemplate<Result, Variables> {
  readonly withRate: CounterText | null;
  readonly valueOnly: CounterText | null;
  /** Never there: it carries the types. */
  readonly types?: { readonly result: Result; readonly variables: Variables };
}

/** A text in which another field can take the place of this one. */
export interface CounterText {
  readonly field: string;
  readonly text: string;
}

/** A document as a request names it. */
export type NamedDocument = { readonly documentId: string } | { readonly query: string };

/** The document of a template for one counter. */
export async function fillTemplate<Result, Variables>(
  template: CounterTemplate<Result, Variables>,
  counter: { readonly field: string; readonly rateUnit?: string | null | undefined },
): Promise<NamedDocument> {
  const place = counter.rateUnit == null ? template.valueOnly : template.withRate;
  if (place === null) throw new TypeError(`No document shows ${counter.field}`);
  const text = place.text.replaceAll(place.field, counter.field);
  // Browsers hash in secure contexts only. The service knows the exact text as well.
  if (!isSecureContext) return { query: text };
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const digits = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0'));
  return { documentId: `sha256:${digits.join('')}` };
}
