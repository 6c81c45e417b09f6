/** Parsing, the limits of documents, and validation: only for allowed texts, and once for each, by the document store. */
import { specifiedRules, validate, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { requestOf, type YogaContext } from '../context.ts';
import type { DocumentStore } from '../document-store.ts';
import { HttpError } from '../http/http-error.ts';

/**
 * Refuses any text but the one that the allowlist has passed for this very request. A transport that has not asked the
 * allowlist, or a plugin that has put another text in place, fails here.
 */
export function useAllowlist(): Plugin<YogaContext> {
  return {
    onParse({ context, params: { source } }) {
      if (requestOf(context).operation?.query === source) return;
      throw new HttpError('OPERATION_NOT_ALLOWED', 'This document has not been allowed for this request.');
    },
  };
}

/** Parses and validates through the store. Rules that other plugins add are checked after the store's own. */
export function useDocuments(documents: DocumentStore): Plugin<YogaContext> {
  const own = new Set<unknown>(specifiedRules);
  return {
    onParse({ context, params: { source }, setParseFn, setParsedDocument }) {
      const request = requestOf(context);
      const stored = documents.prepare(String(source));
      request.document = stored;
      if (stored.document !== null) setParsedDocument(stored.document);
      else {
        const [error] = stored.errors;
        // Thrown where parse throws, so that other plugins see it as they see any syntax error.
        setParseFn(() => {
          throw error;
        });
      }
    },
    onValidate({ context, setValidationFn }) {
      const { document: stored } = requestOf(context);
      const validateStored: typeof validate = (schema, document, rules) => {
        const isStored = stored !== null && stored.document === document;
        const errors: readonly GraphQLError[] = isStored ? stored.errors : documents.check(document);
        const added = rules?.filter((rule) => !own.has(rule)) ?? [];
        return errors.length > 0 || added.length === 0 ? errors : validate(schema, document, added);
      };
      setValidationFn(validateStored);
    },
  };
}
