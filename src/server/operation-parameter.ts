/** The parameters beside the document, as POST and GET have them. */
import type { AdmittedOperation } from './admission.ts';
import { HttpProblem } from './http-problem.ts';

/** Throws an HttpProblem where there is a parameter that is none, or one that is not an object but needs to be. */
export function checkParameters({ parameters }: AdmittedOperation): void {
  for (const name in parameters) {
    const value = parameters[name];
    if (value === null || value === undefined) continue;
    switch (name) {
      case 'query':
      // Of a name that is no string there is no operation.
      // eslint-disable-next-line no-fallthrough
      case 'operationName':
        break;
      case 'variables':
      case 'extensions':
        if (typeof value === 'object' && !Array.isArray(value)) break;
        throw badRequest(
          `Expected "${name}" param to be empty or an object, but given ${Array.isArray(value) ? 'array' : typeof value}.`,
        );
      default:
        throw badRequest(`Unexpected parameter "${name}" in the request body.`);
    }
  }
}

function badRequest(message: string): HttpProblem {
  return new HttpProblem(message, { status: 400, code: 'BAD_REQUEST' });
}
