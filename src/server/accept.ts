/** The media types that a client takes, as far as they decide between an answer and events. */

/** What a client takes. */
export interface Accepted {
  /** Server-Sent Events: only where they are named, since a program that takes anything does not expect them. */
  readonly events: boolean;
  /** A whole answer as JSON. */
  readonly json: boolean;
  /** That JSON under GraphQL's own media type, whose readers know it for an answer whatever its status is. */
  readonly graphql: boolean;
}

const json = /^(?:application\/(?:graphql-response\+json|json|\*)|\*\/\*)$/;

/** Reads an Accept header (RFC 9110, 12.5.1). */
export function readAccept(header: string): Accepted {
  const types = header.split(',').flatMap((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter)) ? [] : [type];
  });
  return {
    events: types.includes('text/event-stream'),
    json: types.some((type) => json.test(type)),
    graphql: types.includes('application/graphql-response+json'),
  };
}
