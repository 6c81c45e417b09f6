/** Operations by POST and GET: answered whole, in the media type that was asked for. */
import { audited, type AuditWorld } from './audit.ts';
import type { Call } from './call.ts';
import type { Yoga } from './yoga.ts';

/** One request for the endpoint. */
export interface EndpointRequest extends Call {
  /** The media types that the client takes. */
  readonly accept: string;
}

/** Answers one request. Errors are part of the response; rejects only when the asker's signal aborts. */
export type Endpoint = (request: EndpointRequest) => Promise<Response>;

/** The endpoint of a schema. */
export function graphqlEndpoint(yoga: Yoga, auditWorld: AuditWorld | null): Endpoint {
  return async (request) => {
    const { method, accept, asker } = request;
    // Neither the address nor the authorization goes further than this folder: nothing but the identity says who asks.
    const headers = { accept };
    const init = { method, headers, signal: asker.signal };
    return yoga.fetch('http://hvql/graphql', init, audited(request, auditWorld));
  };
}
