/** Documents that the service knows by their ids. */

/** A document with its result and variables. */
export interface PersistedDocument<Result, Variables> {
  readonly id: string;
  /** Never set; carries the types. */
  readonly types?: { readonly result: Result; readonly variables: Variables };
}

/** Documents that differ only in the counter. The service knows one for each counter. */
export interface CounterTemplate<Result, Variables> {
  readonly withRate: CounterText | null;
  readonly valueOnly: CounterText | null;
  /** Never set; carries the types. */
  readonly types?: { readonly result: Result; readonly variables: Variables };
}

/** A document text in which this field can be replaced. */
export interface CounterText {
  readonly field: string;
  readonly text: string;
}

/** A document in the form that requests use. */
export interface NamedDocument {
  readonly request: { readonly documentId: string } | { readonly query: string };
  /** The host to query, in a fleet: results are unwrapped to that host. */
  readonly host: string | null;
}

/** A document for a host, and its form in the graph of a fleet. */
export interface GraphDocument<Result, Variables> {
  readonly alone: PersistedDocument<Result, Variables>;
  readonly inFleet: PersistedDocument<unknown, unknown>;
}

/** A template for a host, and its form in the graph of a fleet. */
export interface GraphTemplate {
  readonly alone: CounterTemplate<unknown, unknown>;
  readonly inFleet: CounterTemplate<unknown, unknown>;
}

/** A document by its id. */
export function byId(document: PersistedDocument<unknown, unknown>): NamedDocument {
  return { request: { documentId: document.id }, host: null };
}

/** The document for a host of a fleet, or for the host of the service, which has no name here. */
export function aboutHost(host: string | null, document: GraphDocument<unknown, unknown>): NamedDocument {
  return host === null ? byId(document.alone) : { ...byId(document.inFleet), host };
}

/** The document of a template for one counter. */
export async function fillTemplate(
  templates: GraphTemplate,
  counter: {
    readonly field: string;
    readonly rateUnit?: string | null | undefined;
    readonly host: string | null;
  },
): Promise<NamedDocument> {
  const { host } = counter;
  const template = host === null ? templates.alone : templates.inFleet;
  const place = counter.rateUnit == null ? template.valueOnly : template.withRate;
  if (place === null) throw new TypeError(`No document shows ${counter.field}`);
  const text = place.text.replaceAll(place.field, counter.field);
  // Browsers can hash only in secure contexts. The service also accepts the exact text.
  if (!isSecureContext) return { request: { query: text }, host };
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const digits = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0'));
  return { request: { documentId: `sha256:${digits.join('')}` }, host };
}
